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
            return array(value);
        }
        return String.valueOf(value);
    }

    /// The elements that are not 0, with their places: arrays of memory are mostly empty.
    private static String array(Object value) {
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
