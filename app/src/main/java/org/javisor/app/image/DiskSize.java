// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.image;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A disk's size as people write it: `10G`, `1.5T`; a number alone is bytes. With a sign, a difference.
///
/// @param sign 0 for a size, 1 or -1 for a difference
record DiskSize(int sign, long bytes) {
    private static final Pattern FORM = Pattern.compile("([+-]?)(\\d{1,19})(?:\\.(\\d{1,6}))?([KMGTPE]?)(?:I?B)?");

    /// The size that a disk of `now` bytes is to have.
    long from(long now) {
        return sign == 0 ? bytes : now + sign * bytes;
    }

    static DiskSize parse(String text) {
        Matcher form = FORM.matcher(text.toUpperCase(Locale.ROOT));
        if (!form.matches() || form.group(3) != null && form.group(4).isEmpty()) {
            throw new IllegalArgumentException("'" + text + "' is no size: write 512M, 10G or a number of bytes");
        }
        int shift = 10 * (form.group(4).isEmpty() ? 0 : " KMGTPE".indexOf(form.group(4)));
        double size = Double.parseDouble(form.group(2)) * (1L << shift);
        if (size > 1L << 62) {
            throw new IllegalArgumentException("'" + text + "' is too large: at most 4E");
        }
        long bytes = Long.parseLong(form.group(2)) << shift;
        if (form.group(3) != null) {
            bytes += (long) (Double.parseDouble("0." + form.group(3)) * (1L << shift));
        }
        return new DiskSize(form.group(1).isEmpty() ? 0 : form.group(1).equals("+") ? 1 : -1, bytes);
    }

    /// What people read easily: `10 GiB (10737418240 bytes)`.
    static String show(long bytes) {
        int unit = 0;
        double shown = bytes;
        while (shown >= 1024 && unit < 6) {
            shown /= 1024;
            unit++;
        }
        String number = String.format(Locale.ROOT, "%.3g", shown);
        String text = shown == Math.rint(shown) ? String.valueOf((long) shown) : number;
        return unit == 0 ? bytes + " bytes" : text + " " + "KMGTPE".charAt(unit - 1) + "iB (" + bytes + " bytes)";
    }

    /// Parses a parameter's value.
    static final class Converter implements ITypeConverter<DiskSize> {
        @Override
        public DiskSize convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
