// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import static org.javisor.devices.scsi.CommandBlock.putInt;
import static org.javisor.devices.scsi.CommandBlock.putShort;
import static org.javisor.devices.scsi.CommandBlock.putText;

import java.nio.charset.StandardCharsets;

/// What a disk says about itself.
///
/// @spc SPC-4 §6.6 "INQUIRY command", §7.5 "Mode parameters", §7.8 "Vital product data parameters"
final class DiskAnswers {
    private static final int INQUIRY_BYTES = 36, SPC_4 = 6, REMOVABLE = 0x80;
    private static final int SUPPORTED_PAGES = 0, SERIAL_NUMBER = 0x80, IDENTIFICATION = 0x83, BLOCK_LIMITS = 0xb0,
            CHARACTERISTICS = 0xb1;
    private static final int CACHING = 8, ALL_PAGES = 0x3f, CACHING_BYTES = 20, WRITE_CACHE = 4;
    private static final int WRITE_PROTECTED = 0x80, SUPPORTS_FORCED_ACCESS = 0x10;
    private static final int NOT_ROTATING = 1;

    private DiskAnswers() { }

    static byte[] inquiry(String product) {
        byte[] answer = new byte[INQUIRY_BYTES];
        answer[1] = (byte) REMOVABLE;
        answer[2] = SPC_4;
        answer[3] = 2;
        answer[4] = INQUIRY_BYTES - 5;
        putText(answer, 8, 8, "Javisor");
        putText(answer, 16, 16, product);
        putText(answer, 32, 4, "1");
        return answer;
    }

    /// A page of vital product data, or null.
    static byte[] vitalProductData(int page, String serial) {
        return switch (page) {
            case SUPPORTED_PAGES -> page(page, new byte[] {SUPPORTED_PAGES, (byte) SERIAL_NUMBER, (byte) IDENTIFICATION,
                (byte) BLOCK_LIMITS, (byte) CHARACTERISTICS});
            case SERIAL_NUMBER -> page(page, ascii(serial));
            case IDENTIFICATION -> page(page, identification(serial));
            case BLOCK_LIMITS -> page(page, new byte[60]);
            case CHARACTERISTICS -> {
                byte[] content = new byte[60];
                putShort(content, 0, NOT_ROTATING);
                yield page(page, content);
            }
            default -> null;
        };
    }

    /// A designator: ASCII, vendor specific, of the logical unit.
    private static byte[] identification(String serial) {
        byte[] text = ascii(serial);
        byte[] content = new byte[4 + text.length];
        content[0] = 2;
        content[3] = (byte) text.length;
        System.arraycopy(text, 0, content, 4, text.length);
        return content;
    }

    private static byte[] page(int page, byte[] content) {
        byte[] answer = new byte[4 + content.length];
        answer[1] = (byte) page;
        putShort(answer, 2, content.length);
        System.arraycopy(content, 0, answer, 4, content.length);
        return answer;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] capacity10(long blocks) {
        byte[] answer = new byte[8];
        putInt(answer, 0, Math.min(blocks - 1, 0xffff_ffffL));
        putInt(answer, 4, SbcLayout.BLOCK_BYTES);
        return answer;
    }

    static byte[] capacity16(long blocks) {
        byte[] answer = new byte[32];
        putInt(answer, 0, blocks - 1 >>> 32);
        putInt(answer, 4, blocks - 1);
        putInt(answer, 8, SbcLayout.BLOCK_BYTES);
        return answer;
    }

    static byte[] reportLuns() {
        byte[] answer = new byte[16];
        putInt(answer, 0, 8);
        return answer;
    }

    /// Mode parameters without block descriptors, or null for a page that there is not.
    ///
    /// @param longForm  of the header, as MODE SENSE (10) has it
    /// @param changeable whether it is asked what could be changed: nothing
    static byte[] modeSense(int page, boolean longForm, boolean changeable, boolean readOnly) {
        if (page != CACHING && page != ALL_PAGES) {
            return null;
        }
        int header = longForm ? 8 : 4;
        byte[] answer = new byte[header + CACHING_BYTES];
        int attributes = SUPPORTS_FORCED_ACCESS | (readOnly ? WRITE_PROTECTED : 0);
        if (longForm) {
            putShort(answer, 0, answer.length - 2);
            answer[3] = (byte) attributes;
        } else {
            answer[0] = (byte) (answer.length - 1);
            answer[2] = (byte) attributes;
        }
        answer[header] = CACHING;
        answer[header + 1] = CACHING_BYTES - 2;
        answer[header + 2] = (byte) (changeable ? 0 : WRITE_CACHE);
        return answer;
    }
}
