// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;

/// A class that is defined anew, as a hidden class, for each value of a constant, so that HotSpot compiles its
/// methods for that value: what captured variables and fields hold is to HotSpot a variable, what `static final` ones
/// hold is not.
///
/// The template reads its constant with [#data], which is null in the class as compiled.
final class TemplateClass {
    private final Lookup lookup;
    private final byte[] bytes;

    /// @param lookup of the template itself
    TemplateClass(Lookup lookup) {
        this.lookup = lookup;
        Class<?> template = lookup.lookupClass();
        String file = template.getName().substring(template.getPackageName().length() + 1) + ".class";
        try (InputStream in = template.getResourceAsStream(file)) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// The constant of the class that `lookup` was made in, null in the template itself.
    static <T> T data(Lookup lookup, Class<T> type) {
        try {
            return MethodHandles.classData(lookup, "_", type);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    /// An instance, by the constructor without parameters, of a new class whose constant is `data`.
    Object instantiate(Object data) {
        try {
            return lookup.defineHiddenClassWithClassData(bytes, data, true).lookupClass().getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
