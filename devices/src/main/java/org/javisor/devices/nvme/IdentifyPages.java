// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/// What Identify answers. The namespace is there for good, so all of it stays the same.
///
/// @nvme 1.4 §5.15.2 "Identify command response data structures"
final class IdentifyPages {
    static final int BYTES = 4096;
    private static final int SERIAL_BYTES = 20, MODEL_BYTES = 40, FIRMWARE_BYTES = 8;
    static final String FIRMWARE = "1";
    private static final String MODEL = "Javisor NVMe";

    // What to ask for (CNS).
    private static final int CNS_NAMESPACE = 0, CNS_CONTROLLER = 1, CNS_ACTIVE = 2, CNS_DESCRIPTORS = 3;

    // Identify Controller.
    private static final int VID = 0, SSVID = 2, SN = 4, MN = 24, FR = 64, RAB = 72, MDTS = 77, VER = 80,
            CNTRLTYPE = 111, OACS = 256, ACL = 258, AERL = 259, FRMW = 260, LPA = 261, ELPE = 262, WCTEMP = 266,
            CCTEMP = 268,
            TNVMCAP = 280, SQES = 512, CQES = 513, NN = 516, ONCS = 520, VWC = 525, SUBNQN = 768, PSD0 = 2048;
    private static final int IO_CONTROLLER = 1, ONE_READ_ONLY_SLOT = 3, EFFECTS_LOG = 2, LOG_OFFSETS = 4;
    private static final int SUPPORTS_COMPARE = 1, SUPPORTS_DATASET_MANAGEMENT = 4, SUPPORTS_WRITE_ZEROES = 8,
            SUPPORTS_SELECT = 0x10;
    /// There is one, and flushing all namespaces is possible.
    private static final int WRITE_CACHE = 7;
    private static final int SUPPORTS_DOORBELL_BUFFER = 0x100;
    private static final int ABORT_LIMIT = 4, CENTIWATTS = 2500;

    // Identify Namespace.
    private static final int NSZE = 0, NCAP = 8, NUSE = 16, NSFEAT = 24, DLFEAT = 33, NVMCAP = 48, NPWG = 64,
            NPWA = 66, NPDG = 68, NPDA = 70, NSATTR = 99, LBAF0 = 128, LBADS = LBAF0 + 2;
    private static final int OPTIMAL_SIZES = 0x10, WRITE_ZEROES_DEALLOCATES = 8, WRITE_PROTECTED = 1;
    /// What a host handles best, in blocks, counted from 0: 4 KiB.
    private static final int OPTIMAL_BLOCKS = 7;

    private static final int DESCRIPTOR_UUID = 3, UUID_BYTES = 16;

    private final byte[] controller;
    private final byte[] namespace;
    private final byte[] active;
    private final byte[] descriptors;

    /// @param serial the first 20 characters count
    IdentifyPages(int vendor, int subsystemVendor, String serial, long blocks, boolean readOnly) {
        controller = controller(vendor, subsystemVendor, serial, blocks);
        namespace = namespace(blocks, readOnly);
        active = page().putInt(0, NvmeLayout.NAMESPACE).array();
        descriptors = descriptors(serial);
    }

    /// The page that is asked for, or null.
    ///
    /// @param namespaceId for which, or behind which
    byte[] page(int cns, int namespaceId) {
        return switch (cns) {
            case CNS_NAMESPACE -> namespaceId == NvmeLayout.NAMESPACE ? namespace : null;
            case CNS_CONTROLLER -> controller;
            case CNS_ACTIVE -> namespaceId == 0 ? active : new byte[BYTES];
            case CNS_DESCRIPTORS -> namespaceId == NvmeLayout.NAMESPACE ? descriptors : null;
            default -> null;
        };
    }

    /// Whether a page says something of one namespace, which then must exist.
    static boolean ofNamespace(int cns) {
        return cns == CNS_NAMESPACE || cns == CNS_DESCRIPTORS;
    }

    /// Whether `namespaceId` may stand in a command for a list: one that ends before the last two numbers.
    static boolean validStart(int cns, int namespaceId) {
        return cns != CNS_ACTIVE || Integer.compareUnsigned(namespaceId, -2) < 0;
    }

    private static ByteBuffer page() {
        return ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] controller(int vendor, int subsystemVendor, String serial, long blocks) {
        ByteBuffer page = page();
        page.putShort(VID, (short) vendor).putShort(SSVID, (short) subsystemVendor);
        page.put(SN, padded(serial, SERIAL_BYTES)).put(MN, padded(MODEL, MODEL_BYTES));
        page.put(FR, padded(FIRMWARE, FIRMWARE_BYTES));
        page.put(RAB, (byte) 6);
        page.put(MDTS, (byte) NvmeLayout.TRANSFER_SHIFT);
        page.putInt(VER, NvmeLayout.VERSION);
        page.put(CNTRLTYPE, (byte) IO_CONTROLLER);
        page.putShort(OACS, (short) SUPPORTS_DOORBELL_BUFFER);
        page.put(ACL, (byte) (ABORT_LIMIT - 1)).put(AERL, (byte) (AsynchronousEvents.LIMIT - 1));
        page.put(FRMW, (byte) ONE_READ_ONLY_SLOT);
        page.put(LPA, (byte) (EFFECTS_LOG | LOG_OFFSETS)).put(ELPE, (byte) (ErrorLog.ENTRIES - 1));
        page.putShort(WCTEMP, (short) Health.WARNING_KELVIN).putShort(CCTEMP, (short) Health.CRITICAL_KELVIN);
        page.putLong(TNVMCAP, blocks << NvmeLayout.BLOCK_SHIFT);
        page.put(SQES, (byte) (NvmeLayout.SUBMISSION_SHIFT * 0x11));
        page.put(CQES, (byte) (NvmeLayout.COMPLETION_SHIFT * 0x11));
        page.putInt(NN, 1);
        page.putShort(ONCS, (short) (SUPPORTS_COMPARE | SUPPORTS_DATASET_MANAGEMENT | SUPPORTS_WRITE_ZEROES
                | SUPPORTS_SELECT));
        page.put(VWC, (byte) WRITE_CACHE);
        page.put(SUBNQN, ascii("nqn.2014-08.org.nvmexpress:uuid:" + uuid(serial)));
        page.putShort(PSD0, (short) CENTIWATTS);
        return page.array();
    }

    private static byte[] namespace(long blocks, boolean readOnly) {
        ByteBuffer page = page();
        page.putLong(NSZE, blocks).putLong(NCAP, blocks).putLong(NUSE, blocks);
        page.put(NSFEAT, (byte) OPTIMAL_SIZES).put(DLFEAT, (byte) WRITE_ZEROES_DEALLOCATES);
        page.putLong(NVMCAP, blocks << NvmeLayout.BLOCK_SHIFT);
        for (int field : new int[] {NPWG, NPWA, NPDG, NPDA}) {
            page.putShort(field, (short) OPTIMAL_BLOCKS);
        }
        page.put(NSATTR, (byte) (readOnly ? WRITE_PROTECTED : 0));
        page.put(LBADS, (byte) NvmeLayout.BLOCK_SHIFT);
        return page.array();
    }

    private static byte[] descriptors(String serial) {
        ByteBuffer page = page();
        page.put(0, (byte) DESCRIPTOR_UUID).put(1, (byte) UUID_BYTES);
        UUID uuid = uuid(serial);
        page.order(ByteOrder.BIG_ENDIAN).putLong(4, uuid.getMostSignificantBits());
        page.putLong(12, uuid.getLeastSignificantBits());
        return page.array();
    }

    private static UUID uuid(String serial) {
        return UUID.nameUUIDFromBytes(ascii(serial));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] padded(String text, int bytes) {
        byte[] field = new byte[bytes];
        Arrays.fill(field, (byte) ' ');
        byte[] content = ascii(text);
        System.arraycopy(content, 0, field, 0, Math.min(bytes, content.length));
        return field;
    }
}
