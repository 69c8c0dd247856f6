// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Guest addresses as people write them, in hexadecimal: `401000-402000`, or `401000+20`, as a perf map names code.
///
/// @param to behind the last one
record AddressRange(long from, long to) {
    private static final Pattern FORM =
            Pattern.compile("(?:guest_)?(?:0x)?(\\p{XDigit}{1,16})(?:-(?:0x)?(\\p{XDigit}{1,16})|\\+(\\d{1,7}))");

    /// Parses an option's value.
    static final class Converter implements ITypeConverter<AddressRange> {
        @Override
        public AddressRange convert(String text) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + text
                        + "' is no range: write FROM-TO in hexadecimal, or FROM+BYTES");
            }
            long from = Long.parseUnsignedLong(matcher.group(1), 16);
            long to = matcher.group(2) != null ? Long.parseUnsignedLong(matcher.group(2), 16)
                    : from + Long.parseLong(matcher.group(3));
            return new AddressRange(from, to);
        }
    }
}
