// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

/// How a drive introduces itself.
///
/// @param model  up to 40 characters
/// @param serial up to 20 characters
/// @param sata   whether it hangs on serial ATA: it can queue commands then
public record Identity(String model, String serial, boolean sata) {
    static final int MODEL_CHARACTERS = 40, SERIAL_CHARACTERS = 20;
    static final String FIRMWARE = "1.0";

    public Identity {
        if (model.length() > MODEL_CHARACTERS || serial.length() > SERIAL_CHARACTERS
                || !(model + serial).chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
            throw new IllegalArgumentException("a drive named '" + model + "', '" + serial + "'");
        }
    }

    /// A world wide name of the kind that anybody may give locally, the same for the same serial number.
    long worldWideName() {
        long hash = 0xcbf2_9ce4_8422_2325L;
        for (char c : serial.toCharArray()) {
            hash = (hash ^ c) * 0x100_0000_01b3L;
        }
        return 0x3L << 60 | hash >>> 4;
    }
}
