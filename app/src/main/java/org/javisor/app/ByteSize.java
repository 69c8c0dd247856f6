// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A number of bytes as people write it: `512M`, `2G`, `512` (MiB, as everywhere else in this trade).
record ByteSize(long bytes) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})([KkMmGgTt]?)i?[Bb]?");

    /// Parses an option's value.
    static final class Converter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String text) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + text + "' is no size: write 512M or 2G");
            }
            int shift = switch (matcher.group(2).toUpperCase(java.util.Locale.ROOT)) {
                case "K" -> 10;
                case "G" -> 30;
                case "T" -> 40;
                default -> 20;
            };
            return new ByteSize(Long.parseLong(matcher.group(1)) << shift);
        }
    }
}
