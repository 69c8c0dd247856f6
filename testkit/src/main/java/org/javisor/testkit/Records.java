// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/// Records in full, arrays and nested records included, so that two can be compared and a difference be read.
public final class Records {
    private static final int MOST_LISTED = 1 << 20;

    private Records() { }

    public static String text(Object value) {
        if (value instanceof Record rec) {
            StringJoiner parts = new StringJoiner(",\n ", rec.getClass().getSimpleName() + "[", "]");
            for (RecordComponent component : rec.getClass().getRecordComponents()) {
                parts.add(component.getName() + "=" + text(component(rec, component)));
            }
            return parts.toString();
        }
        if (value instanceof List<?> list) {
            StringJoiner parts = new StringJoiner(", ", "[", "]");
            list.forEach(item -> parts.add(text(item)));
            return parts.toString();
        }
        if (value instanceof Optional<?> optional) {
            return optional.map(Records::text).orElse("nothing");
        }
        if (value != null && value.getClass().isArray()) {
            return array(value);
        }
        return String.valueOf(value);
    }

    /// The elements that are not 0, with their places: arrays of memory are mostly empty.
    private static String array(Object value) {
        if (value instanceof byte[] bytes && bytes.length > MOST_LISTED) {
            return bytes.length + " bytes of hash " + Arrays.hashCode(bytes);
        }
        StringJoiner parts = new StringJoiner(", ", "{", "}");
        int length = Array.getLength(value);
        for (int i = 0; i < length; i++) {
            String element = text(Array.get(value, i));
            if (!element.equals("0")) {
                parts.add(i + ":" + element);
            }
        }
        return length + parts.toString();
    }

    /// The same record once more, through its constructor: what that checks is checked.
    static Record rebuilt(Record rec) {
        RecordComponent[] components = rec.getClass().getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int n = 0; n < components.length; n++) {
            types[n] = components[n].getType();
            values[n] = component(rec, components[n]);
        }
        try {
            Constructor<?> constructor = rec.getClass().getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return (Record) constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("a state that was saved cannot be made again: " + text(rec), e);
        }
    }

    private static Object component(Record rec, RecordComponent component) {
        try {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(rec);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(component.toString(), e);
        }
    }
}
