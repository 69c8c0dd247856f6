// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// What a device tells about itself: descriptors, as the host reads them.
///
/// @param device        the device descriptor
/// @param configuration the only configuration, with its interfaces and endpoints
/// @param objectStore   binary object store; empty for devices that are not SuperSpeed
/// @param strings       from number 1 on
/// @usb 2.0 §9.6 "Standard USB Descriptor Definitions"
record Descriptors(byte[] device, byte[] configuration, byte[] objectStore, String... strings) {
    static final int DEVICE = 1, CONFIGURATION = 2, STRING = 3, QUALIFIER = 6, OBJECT_STORE = 15;
    private static final int QUALIFIER_BYTES = 10, US_ENGLISH = 0x0409;

    /// Puts bytes together.
    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /// Puts descriptors together behind a configuration descriptor, whose length they make.
    ///
    /// @param attributes as in a configuration descriptor
    /// @param power      what the device draws, in the unit of its speed
    static byte[] configuration(int interfaces, int attributes, int power, byte[]... parts) {
        int length = 9 + Arrays.stream(parts).mapToInt(part -> part.length).sum();
        byte[] all = Arrays.copyOf(bytes(9, CONFIGURATION, length, length >>> 8, interfaces, 1, 0, attributes, power),
                length);
        int at = 9;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /// The descriptor that is asked for, or null.
    byte[] get(int type, int index) {
        return switch (type) {
            case DEVICE -> device;
            case CONFIGURATION -> index == 0 ? configuration : null;
            case STRING -> string(index);
            case QUALIFIER -> objectStore.length == 0 ? qualifier() : null;
            case OBJECT_STORE -> objectStore.length == 0 ? null : objectStore;
            default -> null;
        };
    }

    /// At the other speed it would be the same device.
    private byte[] qualifier() {
        byte[] answer = new byte[QUALIFIER_BYTES];
        answer[0] = QUALIFIER_BYTES;
        answer[1] = QUALIFIER;
        System.arraycopy(device, 2, answer, 2, 6);
        answer[8] = 1;
        return answer;
    }

    private byte[] string(int index) {
        if (index > strings.length) {
            return null;
        }
        byte[] text = index == 0 ? bytes(US_ENGLISH, US_ENGLISH >>> 8)
                : strings[index - 1].getBytes(StandardCharsets.UTF_16LE);
        byte[] answer = new byte[2 + text.length];
        answer[0] = (byte) answer.length;
        answer[1] = STRING;
        System.arraycopy(text, 0, answer, 2, text.length);
        return answer;
    }
}
