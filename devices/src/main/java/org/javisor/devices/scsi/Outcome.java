// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import org.javisor.devices.block.DataPhase;

/// What a device's commands come to: the data of the one under way, why the last failed, and what the next is to fail
/// with (a unit attention condition).
///
/// Guarded by its device's lock.
///
/// @spc SPC-4 §4.5 "Sense data"; SAM-5 §5.14 "Unit attention conditions"
final class Outcome {
    private static final int REQUEST_SENSE = 3, INQUIRY = 0x12, REPORT_LUNS = 0xa0;

    final DataPhase data = new DataPhase();
    private Sense sense = Sense.NONE;
    private Sense attention = Sense.POWER_ON;

    /// A command begins: what has been said of the last one is over.
    ///
    /// @param answers whether it is one, beside those of every device, that is done in spite of a unit attention
    /// @return the command's status so far
    int begin(int code, boolean answers) {
        data.none();
        if (code != REQUEST_SENSE) {
            sense = Sense.NONE;
        }
        boolean done = answers || code == REQUEST_SENSE || code == INQUIRY || code == REPORT_LUNS;
        if (attention == Sense.NONE || done) {
            return ScsiDevice.GOOD;
        }
        Sense why = attention;
        attention = Sense.NONE;
        return fail(why);
    }

    /// The command answers with as much of `content` as there is room for.
    int answer(byte[] content, long allocated) {
        data.answer(content, (int) Math.min(content.length, allocated));
        return ScsiDevice.GOOD;
    }

    int fail(Sense why) {
        sense = why;
        data.none();
        return ScsiDevice.CHECK_CONDITION;
    }

    /// What REQUEST SENSE does.
    int requestSense(int allocated) {
        Sense told = sense != Sense.NONE ? sense : attention;
        sense = Sense.NONE;
        if (told == attention) {
            attention = Sense.NONE;
        }
        return answer(told.toByteArray(), allocated);
    }

    /// The command is over.
    int end() {
        data.none();
        return good() ? ScsiDevice.GOOD : ScsiDevice.CHECK_CONDITION;
    }

    /// Whether nothing has failed.
    boolean good() {
        return sense == Sense.NONE;
    }

    /// The next command is to fail.
    void attend(Sense why) {
        attention = why;
    }

    Sense takeSense() {
        Sense taken = sense;
        sense = Sense.NONE;
        return taken;
    }

    Sense sense() {
        return sense;
    }

    Sense attention() {
        return attention;
    }

    // ---- life ----

    void reset() {
        sense = Sense.NONE;
        attention = Sense.POWER_ON;
        data.none();
    }

    void load(Sense newSense, Sense newAttention, DataPhase.State newData) {
        sense = newSense.equals(Sense.NONE) ? Sense.NONE : newSense;
        attention = newAttention.equals(Sense.NONE) ? Sense.NONE : newAttention;
        data.load(newData);
    }
}
