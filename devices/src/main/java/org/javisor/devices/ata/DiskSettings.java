// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

/// What the host has set on a disk, and what the disk therefore says of itself.
final class DiskSettings {
    static final int MOST_MULTIPLE = 16;
    static final int DSM_BLOCKS = 8;
    private static final int MOST_CYLINDERS = 16383, HEADS = 16, TRACK_SECTORS = 63;
    private static final long MOST_LBA28 = 0xfff_ffff;
    private static final int QUEUE_DEPTH = 32;
    private static final int PIO_MODES = 8, MWDMA_MODES = 0x20, UDMA_MODES = 0x40;
    private static final int PARALLEL_UDMA = 0x3f, SERIAL_UDMA = 0x7f, MWDMA = 7;
    private static final int REVERTED_MODE = UDMA_MODES | 2;

    /// @param multiple     sectors of a block of READ and WRITE MULTIPLE, 0 for none
    /// @param transferMode as SET FEATURES names it
    /// @param heads        of the translation that INITIALIZE DEVICE PARAMETERS has set
    /// @param power        as CHECK POWER MODE tells it
    record State(int multiple, boolean writeCache, boolean lookAhead, boolean smart, int transferMode, int heads,
                 int trackSectors, int power) {
        State {
            if (multiple < 0 || multiple > MOST_MULTIPLE || heads < 1 || heads > HEADS || trackSectors < 1
                    || trackSectors > 255 || (transferMode & ~0xff) != 0 || (power & ~0xff) != 0) {
                throw new IllegalArgumentException("settings that no disk has");
            }
        }
    }

    private final Identity identity;
    private final long sectors;
    int multiple;
    boolean writeCache;
    boolean lookAhead;
    boolean smart;
    int heads;
    int trackSectors;
    int power;
    private int transferMode;

    DiskSettings(Identity identity, long sectors) {
        this.identity = identity;
        this.sectors = sectors;
        revert();
    }

    /// Back to what they are at power-on.
    void revert() {
        multiple = MOST_MULTIPLE;
        writeCache = true;
        lookAhead = true;
        smart = true;
        transferMode = REVERTED_MODE;
        heads = HEADS;
        trackSectors = TRACK_SECTORS;
        power = AtaLayout.POWER_ACTIVE;
    }

    /// Whether the bus has queued commands.
    boolean queues() {
        return identity.sata();
    }

    /// @return whether the disk can
    boolean setTransferMode(int mode) {
        int number = mode & 7;
        boolean can = switch (mode & ~7) {
            case 0 -> mode <= 1;
            case PIO_MODES -> number <= 4;
            case MWDMA_MODES -> (MWDMA >>> number & 1) != 0;
            case UDMA_MODES -> (udma() >>> number & 1) != 0;
            default -> false;
        };
        if (can && mode >= MWDMA_MODES) {
            transferMode = mode;
        }
        return can;
    }

    private int udma() {
        return identity.sata() ? SERIAL_UDMA : PARALLEL_UDMA;
    }

    private int selected(int modes) {
        return (transferMode & ~7) == modes ? 1 << 8 + (transferMode & 7) : 0;
    }

    /// Sets the translation of cylinders.
    ///
    /// @return whether the disk can
    boolean translate(int newHeads, int newTrackSectors) {
        if (newTrackSectors == 0) {
            return false;
        }
        heads = newHeads;
        trackSectors = newTrackSectors;
        return true;
    }

    private long cylinders(int ofHeads, int ofTrackSectors) {
        return Math.min(MOST_CYLINDERS, sectors / ((long) ofHeads * ofTrackSectors));
    }

    byte[] identify() {
        IdentifyWords words = new IdentifyWords();
        words.set(0, 0x40).set(1, (int) cylinders(HEADS, TRACK_SECTORS)).set(3, HEADS).set(6, TRACK_SECTORS)
                .text(10, Identity.SERIAL_CHARACTERS, identity.serial()).text(23, 8, Identity.FIRMWARE)
                .text(27, Identity.MODEL_CHARACTERS, identity.model());
        describeTransfers(words);
        describeFeatures(words);
        describeBus(words);
        return words.build();
    }

    private void describeTransfers(IdentifyWords words) {
        long current = cylinders(heads, trackSectors);
        words.set(47, 0x8000 | MOST_MULTIPLE).set(49, 0x2f00).set(50, 0x4000).set(51, 0x0200).set(53, 7)
                .set(54, (int) current).set(55, heads).set(56, trackSectors)
                .setInt(57, current * heads * trackSectors)
                .set(59, multiple == 0 ? 0 : 0x100 | multiple).setInt(60, Math.min(sectors, MOST_LBA28))
                .set(63, MWDMA | selected(MWDMA_MODES)).set(64, 3)
                .set(65, 120).set(66, 120).set(67, 120).set(68, 120)
                .set(88, udma() | selected(UDMA_MODES))
                .setLong(100, sectors).set(106, 0x6003);     // eight logical sectors are a physical one
    }

    private void describeFeatures(IdentifyWords words) {
        long name = identity.worldWideName();
        int enabled = 0x4008 | (smart ? 1 : 0) | (writeCache ? 0x20 : 0) | (lookAhead ? 0x40 : 0);
        words.set(82, 0x4069).set(83, 0x7400).set(84, 0x4163).set(85, enabled).set(86, 0x3400).set(87, 0x4163)
                .set(105, DSM_BLOCKS).set(169, 1).set(217, 1)
                .set(108, (int) (name >>> 48)).set(109, (int) (name >>> 32)).set(110, (int) (name >>> 16))
                .set(111, (int) name).set(119, 0x4000).set(120, 0x4000);
    }

    private void describeBus(IdentifyWords words) {
        if (identity.sata()) {
            words.set(48, 0x4000).set(75, QUEUE_DEPTH - 1).set(76, 0x0106).set(80, 0x03f0).set(222, 0x107f);
        } else {
            words.set(48, 1).set(80, 0x00f0).set(93, 0x600b);
        }
    }

    State save() {
        return new State(multiple, writeCache, lookAhead, smart, transferMode, heads, trackSectors, power);
    }

    void load(State state) {
        multiple = state.multiple;
        writeCache = state.writeCache;
        lookAhead = state.lookAhead;
        smart = state.smart;
        transferMode = state.transferMode;
        heads = state.heads;
        trackSectors = state.trackSectors;
        power = state.power;
    }
}
