// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/// The 128 bytes of an [Rtc], and the calendar in ten of them: binary or BCD, 12 or 24 hours, as register B
/// says.
final class RtcCalendar {
    static final int SECONDS = 0, SECONDS_ALARM = 1, MINUTES = 2, MINUTES_ALARM = 3, HOURS = 4,
            HOURS_ALARM = 5, WEEKDAY = 6, DAY = 7, MONTH = 8, YEAR = 9;
    /// The first byte that is neither calendar nor register.
    static final int FIRST_FREE = 0xe;

    static final int B_BINARY = 4, B_24H = 2;

    private static final int PM = 0x80;
    private static final int ANY = 0xc0;
    private static final long SECOND = 1_000_000_000L;
    private static final int DAY_SECONDS = 86_400;

    private final byte[] bytes = new byte[Rtc.BYTES];

    int get(int at) {
        return bytes[at] & 0xff;
    }

    void set(int at, int value) {
        bytes[at] = (byte) value;
    }

    byte[] toArray() {
        return bytes.clone();
    }

    void load(byte[] saved) {
        System.arraycopy(saved, 0, bytes, 0, bytes.length);
    }

    /// Whether the register counts time: not an alarm.
    static boolean isTime(int register) {
        return register == SECONDS || register == MINUTES || register == HOURS
                || register >= WEEKDAY && register <= YEAR || register == Rtc.CENTURY;
    }

    /// Sets the time registers from nanoseconds since 1970.
    void setTime(long nanos) {
        LocalDateTime t = LocalDateTime.ofEpochSecond(Math.floorDiv(nanos, SECOND), 0, ZoneOffset.UTC);
        set(SECONDS, encode(t.getSecond()));
        set(MINUTES, encode(t.getMinute()));
        set(HOURS, encodeHour(t.getHour()));
        set(WEEKDAY, encode(t.getDayOfWeek() == DayOfWeek.SUNDAY ? 1 : t.getDayOfWeek().getValue() + 1));
        set(DAY, encode(t.getDayOfMonth()));
        set(MONTH, encode(t.getMonthValue()));
        set(YEAR, encode(t.getYear() % 100));
        set(Rtc.CENTURY, encode(t.getYear() / 100 % 100));
    }

    /// What the time registers say, in nanoseconds since 1970. A guest may have written anything: fields out
    /// of range run on into the next, as in a counter chain.
    long time() {
        int year = decode(get(Rtc.CENTURY)) * 100 + decode(get(YEAR));
        long days = LocalDate.of(year, 1, 1)
                .plusMonths(decode(get(MONTH)) - 1L)
                .plusDays(decode(get(DAY)) - 1L)
                .toEpochDay();
        return (days * DAY_SECONDS + decodeHour(get(HOURS)) * 3600L + decode(get(MINUTES)) * 60L
                + decode(get(SECONDS))) * SECOND;
    }

    private int encode(int value) {
        return (get(Rtc.B) & B_BINARY) != 0 ? value : value / 10 << 4 | value % 10;
    }

    private int decode(int value) {
        return (get(Rtc.B) & B_BINARY) != 0 ? value : (value >>> 4) * 10 + (value & 0xf);
    }

    private int encodeHour(int hour) {
        if ((get(Rtc.B) & B_24H) != 0) {
            return encode(hour);
        }
        return encode(hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? PM : 0);
    }

    private int decodeHour(int value) {
        if ((get(Rtc.B) & B_24H) != 0) {
            return decode(value);
        }
        return decode(value & 0x7f) % 12 + ((value & PM) != 0 ? 12 : 0);
    }

    // ---- alarm ----

    /// The first second after `nanos` at which the alarm registers match, or [Long#MAX_VALUE] if none ever does.
    long nextAlarm(long nanos) {
        int firstSecond = firstMatch(SECONDS_ALARM, 0, 60);
        int firstMinute = firstMatch(MINUTES_ALARM, 0, 60);
        int firstHour = firstMatch(HOURS_ALARM, 0, 24);
        if (firstSecond < 0 || firstMinute < 0 || firstHour < 0) {
            return Long.MAX_VALUE;
        }
        long now = Math.floorDiv(nanos, SECOND) + 1;
        int ofDay = Math.floorMod(now, DAY_SECONDS);
        long midnight = now - ofDay;
        // As in a counter chain: where a field has no match left it starts over, and the next one counts on.
        int second = firstMatch(SECONDS_ALARM, ofDay % 60, 60);
        int minuteNow = ofDay / 60 % 60 + (second < 0 ? 1 : 0);
        int minute = firstMatch(MINUTES_ALARM, minuteNow, 60);
        int hourNow = ofDay / 3600 + (minute < 0 ? 1 : 0);
        int hour = firstMatch(HOURS_ALARM, hourNow, 24);
        if (hour != hourNow) {
            minute = -1;
        }
        if (minute != minuteNow) {
            second = -1;
        }
        return (midnight + (hour < 0 ? DAY_SECONDS + firstHour * 3600L : hour * 3600L)
                + (minute < 0 ? firstMinute : minute) * 60L + (second < 0 ? firstSecond : second)) * SECOND;
    }

    /// The first value from `from` on and below `end` that an alarm register matches, or -1.
    private int firstMatch(int register, int from, int end) {
        for (int value = from; value < end; value++) {
            if (matches(register, register == HOURS_ALARM ? encodeHour(value) : encode(value))) {
                return value;
            }
        }
        return -1;
    }

    /// An alarm byte with both top bits set matches anything.
    private boolean matches(int register, int encoded) {
        return (get(register) & ANY) == ANY || get(register) == encoded;
    }
}
