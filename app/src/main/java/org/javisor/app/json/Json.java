// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.json;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// An object for programs to read: its members in the order in which they were added.
public final class Json {
    private final Map<String, Object> members = new LinkedHashMap<>();

    /// Adds a member, unless it has no value.
    ///
    /// @param value a text, number, boolean, [Json], or list of these
    public Json with(String name, Object value) {
        if (value != null) {
            members.put(name, value);
        }
        return this;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        append(text, this, "");
        return text.toString();
    }

    /// The same without line breaks.
    public String onOneLine() {
        // Line breaks within texts are escaped, so those that there are belong to nobody.
        return toString().replaceAll("\n *", " ");
    }

    private static void append(StringBuilder text, Object value, String indent) {
        switch (value) {
            case Json object -> {
                String separator = "{\n";
                for (Map.Entry<String, Object> member : object.members.entrySet()) {
                    text.append(separator).append(indent).append("    ");
                    quote(text, member.getKey());
                    text.append(": ");
                    append(text, member.getValue(), indent + "    ");
                    separator = ",\n";
                }
                text.append(object.members.isEmpty() ? "{}" : "\n" + indent + "}");
            }
            case List<?> list -> {
                String separator = "[\n";
                for (Object element : list) {
                    text.append(separator).append(indent).append("    ");
                    append(text, element, indent + "    ");
                    separator = ",\n";
                }
                text.append(list.isEmpty() ? "[]" : "\n" + indent + "]");
            }
            case Number number -> text.append(number);
            case Boolean truth -> text.append(truth);
            default -> quote(text, value.toString());
        }
    }

    private static void quote(StringBuilder text, String value) {
        text.append('"');
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20) {
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
