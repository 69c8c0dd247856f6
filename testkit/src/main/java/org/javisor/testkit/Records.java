// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.StringJoiner;

/// Records in full, arrays and nested records included, so that two can be compared and a difference be read.
final class Records {
    private Records() { }

    static String text(Object value) {
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
        if (value != null && value.getClass().isArray()) {
            StringJoiner parts = new StringJoiner(", ", "{", "}");
            for (int i = 0; i < Array.getLength(value); i++) {
                parts.add(text(Array.get(value, i)));
            }
            return parts.toString();
        }
        return String.valueOf(value);
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
