// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

import java.lang.foreign.MemorySegment;
import org.javisor.devices.block.DataPhase;
import org.javisor.devices.scsi.ScsiDevice;
import org.javisor.host.IoVector;
import org.javisor.memory.Chip;

/// An ATAPI drive: SCSI commands in packets, to a [ScsiDevice].
///
/// @ata ATA8-ACS §4.3 "The PACKET feature set"
public final class PacketDevice implements AtaDevice, Chip<PacketDevice.State> {
    /// What serial ATA's controllers show.
    public static final int SIGNATURE = 0xeb14_0101;
    /// The length of a command block.
    public static final int BLOCK_BYTES = 12;

    private static final int SIGNATURE_REGISTERS = 0xeb14;
    private static final int DMA = 1;
    private static final int PIO_MODES = 8, MWDMA_MODES = 0x20, UDMA_MODES = 0x40;
    private static final int MWDMA = 7, UDMA = 0x3f;
    private static final int POWER_ON_MODE = UDMA_MODES | 2;
    private static final int REGISTERS_SECTOR_COUNT = AtaLayout.COMMAND_DATA | AtaLayout.TO_HOST;

    /// @param transferMode as SET FEATURES names it
    /// @param dma          whether the packet under way moves its data by DMA
    /// @param identify     the data of a command that is no packet
    public record State(int transferMode, boolean dma, DataPhase.State identify, Record device) {
        public State {
            if ((transferMode & ~0xff) != 0 || identify.direction() == DataPhase.Direction.OUT
                    || identify.offset() >= 0) {
                throw new IllegalArgumentException("a packet device with transfer mode " + transferMode);
            }
        }
    }

    private final ScsiDevice device;
    private final Identity identity;
    /// The data of commands that are not packets; without direction while one is under way.
    private final DataPhase own = new DataPhase();
    private int transferMode = POWER_ON_MODE;
    private boolean dma;

    public PacketDevice(ScsiDevice device, Identity identity) {
        this.device = device;
        this.identity = identity;
    }

    @Override
    public int signature() {
        return SIGNATURE;
    }

    /// A reset by software leaves the device as it is: a drive's tray stays locked, its attention pending.
    @Override
    public void busReset(TaskFile file, boolean hard) {
        own.none();
        dma = false;
        if (hard) {
            transferMode = POWER_ON_MODE;
            device.reset();
        }
        file.signature(SIGNATURE_REGISTERS, 0);
    }

    @Override
    public Protocol begin(TaskFile file) {
        own.none();
        return switch (file.command) {
            case AtaLayout.PACKET -> {
                dma = (file.features & DMA) != 0;
                yield Protocol.PACKET;
            }
            case AtaLayout.IDENTIFY_PACKET_DEVICE -> {
                own.answer(identify(), IdentifyWords.BYTES);
                yield Protocol.PIO;
            }
            case AtaLayout.IDENTIFY_DEVICE, AtaLayout.READ_SECTORS -> {
                // So hosts that know no packets see what is there.
                file.signature(SIGNATURE_REGISTERS, 0);
                file.fail(AtaLayout.ABRT);
                yield Protocol.DONE;
            }
            case AtaLayout.DEVICE_RESET, AtaLayout.EXECUTE_DEVICE_DIAGNOSTIC -> {
                int selected = file.device & AtaLayout.DEV;
                file.signature(SIGNATURE_REGISTERS, 0);
                file.device = selected;
                yield Protocol.DONE;
            }
            case AtaLayout.SET_FEATURES -> setFeatures(file);
            case AtaLayout.CHECK_POWER_MODE -> {
                file.count = AtaLayout.POWER_ACTIVE;
                yield done(file);
            }
            case AtaLayout.NOP -> fail(file, AtaLayout.ABRT);
            case AtaLayout.STANDBY_IMMEDIATE, AtaLayout.IDLE_IMMEDIATE, AtaLayout.SLEEP, AtaLayout.FLUSH_CACHE ->
                    done(file);
            default -> fail(file, AtaLayout.ABRT);
        };
    }

    private static Protocol done(TaskFile file) {
        file.succeed();
        return Protocol.DONE;
    }

    private static Protocol fail(TaskFile file, int why) {
        file.fail(why);
        return Protocol.DONE;
    }

    private Protocol setFeatures(TaskFile file) {
        int mode = file.count & 0xff;
        int number = mode & 7;
        boolean can = (file.features & 0xff) == AtaLayout.SET_TRANSFER_MODE && switch (mode & ~7) {
            case 0 -> mode <= 1;
            case PIO_MODES -> number <= 4;
            case MWDMA_MODES -> (MWDMA >>> number & 1) != 0;
            case UDMA_MODES -> (UDMA >>> number & 1) != 0;
            default -> false;
        };
        if (can && mode >= MWDMA_MODES) {
            transferMode = mode;
        }
        return can ? done(file) : fail(file, AtaLayout.ABRT);
    }

    private byte[] identify() {
        IdentifyWords words = new IdentifyWords().set(0, 0x85c0)    // a CD drive, removable, packets of 12 bytes
                .text(10, Identity.SERIAL_CHARACTERS, identity.serial()).text(23, 8, Identity.FIRMWARE)
                .text(27, Identity.MODEL_CHARACTERS, identity.model())
                .set(49, 0x0f00).set(50, 0x4000).set(53, 6)
                .set(63, MWDMA | selected(MWDMA_MODES)).set(64, 3).set(65, 120).set(66, 120).set(67, 120).set(68, 120)
                .set(82, 0x4210).set(83, 0x4000).set(84, 0x4000).set(85, 0x4210).set(86, 0).set(87, 0x4000)
                .set(88, UDMA | selected(UDMA_MODES));
        return (identity.sata() ? words.set(76, 0x0006).set(80, 0x03f0).set(222, 0x107f)
                : words.set(80, 0x00f0).set(93, 0x600b)).build();
    }

    private int selected(int modes) {
        return (transferMode & ~7) == modes ? 1 << 8 + (transferMode & 7) : 0;
    }

    // ---- packets ----

    @Override
    public Protocol packet(TaskFile file, byte[] block) {
        int status = device.begin(block);
        if (status != ScsiDevice.GOOD) {
            return check(file);
        }
        if (device.data().direction() == DataPhase.Direction.NONE) {
            finish(file);
            return Protocol.DONE;
        }
        return dma ? Protocol.DMA : Protocol.PIO;
    }

    /// The packet has failed: the upper half of the error register tells the sense key.
    private Protocol check(TaskFile file) {
        file.fail(device.sense().key() << 4 | AtaLayout.ABRT);
        file.count = file.count & ~7 | REGISTERS_SECTOR_COUNT;
        return Protocol.DONE;
    }

    private void finish(TaskFile file) {
        if (device.end() != ScsiDevice.GOOD) {
            check(file);
            return;
        }
        file.status = AtaLayout.DRDY;
        file.error = 0;
        file.count = file.count & ~7 | REGISTERS_SECTOR_COUNT;
    }

    @Override
    public DataPhase data() {
        return own.direction() != DataPhase.Direction.NONE ? own : device.data();
    }

    @Override
    public int pioBytes() {
        return IdentifyWords.BYTES;
    }

    @Override
    public boolean transfer(TaskFile file, long at, IoVector memory) {
        if (own.direction() != DataPhase.Direction.NONE) {
            memory.copyFrom(MemorySegment.ofArray(own.buffer()).asSlice(at));
            return true;
        }
        if (!device.transfer(at, memory)) {
            check(file);
            return false;
        }
        return true;
    }

    @Override
    public void end(TaskFile file) {
        if (own.direction() != DataPhase.Direction.NONE) {
            own.none();
            done(file);
        } else {
            finish(file);
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        own.none();
        dma = false;
        transferMode = POWER_ON_MODE;
        device.reset();
    }

    @Override
    public State save() {
        return new State(transferMode, dma, own.save(), device.save());
    }

    @Override
    public void check(Record state) {
        if (!(state instanceof State own)) {
            throw new IllegalArgumentException("no state of a packet device");
        }
        device.check(own.device);
    }

    @Override
    public void restore(Record state) {
        check(state);
        load((State) state);
    }

    @Override
    public void load(State state) {
        device.restore(state.device);
        own.load(state.identify);
        dma = state.dma;
        transferMode = state.transferMode;
    }
}
