// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.javisor.devices.xhci.XhciLayout.CMD_INTERRUPTS;
import static org.javisor.devices.xhci.XhciLayout.CMD_RESET;
import static org.javisor.devices.xhci.XhciLayout.CMD_RUN;
import static org.javisor.devices.xhci.XhciLayout.CR_RUNNING;
import static org.javisor.devices.xhci.XhciLayout.STS_HALTED;
import static org.javisor.devices.xhci.XhciLayout.STS_SYSTEM_ERROR;

/// The operational registers, but for the ports'; with the doorbell of the command ring. Its lock guards everything.
///
/// @xhci 1.1 §5.4 "Host Controller Operational Registers"
public final class OperationalRegisters {
    private static final int COMMAND_BITS = 0xd | XhciLayout.CMD_WRAP_EVENTS;

    /// The registers of these names.
    ///
    /// @param commandPointer what the driver has written to CRCR last
    /// @param commandMoved   whether the worker has not taken it over
    /// @param commandState   bits CS, CA and CRR of CRCR
    public record State(int command, int status, int notifications, long commandPointer, boolean commandMoved,
                        int commandState, boolean commandDoorbell, long contexts, int config) {
        public State {
            if ((command & ~(COMMAND_BITS | CMD_RESET)) != 0 || (config & ~0xff) != 0 || (contexts & 0x3f) != 0) {
                throw new IllegalArgumentException("xHCI registers with bits that they do not have");
            }
        }
    }

    private int command;
    private int status = STS_HALTED;
    private int notifications;
    private long commandPointer;
    private boolean commandMoved;
    private int commandState;
    private boolean commandDoorbell;
    private long contexts;
    private int config;

    synchronized int read(int at) {
        return switch (at) {
            case XhciLayout.USBCMD -> command;
            case XhciLayout.USBSTS -> status;
            case XhciLayout.PAGESIZE -> 1;
            case XhciLayout.DNCTRL -> notifications;
            case XhciLayout.CRCR -> commandState & CR_RUNNING;
            case XhciLayout.DCBAAP -> (int) contexts;
            case XhciLayout.DCBAAP + 4 -> (int) (contexts >>> 32);
            case XhciLayout.CONFIG -> config;
            default -> 0;
        };
    }

    synchronized void write(int at, int value) {
        switch (at) {
            case XhciLayout.USBCMD -> {
                command = command & CMD_RESET | value & (COMMAND_BITS | CMD_RESET);
                if ((value & XhciLayout.CMD_RESTORE) != 0) {
                    // There is nothing that was saved.
                    status |= XhciLayout.STS_RESTORE_ERROR;
                }
            }
            case XhciLayout.USBSTS -> status &= ~(value & XhciLayout.STS_CLEARABLE);
            case XhciLayout.DNCTRL -> notifications = value & 0xffff;
            case XhciLayout.CRCR -> writeCommandRing(value);
            case XhciLayout.CRCR + 4 -> {
                // A driver that writes halves says nothing new with the second when it stops the ring.
                if ((commandState & CR_RUNNING) == 0 && value != (int) (commandPointer >>> 32)) {
                    commandPointer = commandPointer & 0xffff_ffffL | (long) value << 32;
                    commandMoved = true;
                }
            }
            case XhciLayout.DCBAAP -> contexts = contexts & 0xffff_ffff_0000_0000L | value & 0xffff_ffc0L;
            case XhciLayout.DCBAAP + 4 -> contexts = contexts & 0xffff_ffffL | (long) value << 32;
            case XhciLayout.CONFIG -> config = value & 0xff;
            default -> { }
        }
    }

    /// While it does, nothing can be written but that it is to stop.
    synchronized boolean commandRingRuns() {
        return (commandState & CR_RUNNING) != 0;
    }

    private void writeCommandRing(int value) {
        if ((commandState & CR_RUNNING) != 0) {
            commandState |= value & (XhciLayout.CR_STOP | XhciLayout.CR_ABORT);
        } else {
            commandPointer = commandPointer & 0xffff_ffff_0000_0000L | value & 0xffff_ffc1L;
            commandMoved = true;
        }
    }

    synchronized void ringCommands() {
        commandDoorbell = true;
        commandState |= (command & CMD_RUN) != 0 ? CR_RUNNING : 0;
    }

    synchronized void raise(int bits) {
        status |= bits;
    }

    /// Whether interrupts are wanted at all.
    synchronized boolean interrupts() {
        return (command & CMD_INTERRUPTS) != 0;
    }

    synchronized boolean wantsReset() {
        return (command & CMD_RESET) != 0;
    }

    /// What the driver keeps in memory is not there.
    synchronized void fail() {
        status |= STS_SYSTEM_ERROR | STS_HALTED;
        command &= ~CMD_RUN;
        commandState = 0;
    }

    /// Brings the status to what the command register says.
    synchronized boolean settle(RingReader commands) {
        boolean running = (command & CMD_RUN) != 0;
        if (running) {
            status &= ~STS_HALTED;
            commandState |= commandDoorbell ? CR_RUNNING : 0;
        } else {
            status |= STS_HALTED;
            commandState = 0;
        }
        if (commandMoved) {
            commands.set(commandPointer);
            commandMoved = false;
        }
        return running;
    }

    synchronized boolean takeCommandDoorbell() {
        boolean was = commandDoorbell;
        commandDoorbell = false;
        return was;
    }

    synchronized boolean takeCommandStop() {
        boolean stop = (commandState & (XhciLayout.CR_STOP | XhciLayout.CR_ABORT)) != 0;
        if (stop) {
            commandState = 0;
            commandDoorbell = false;
        }
        return stop;
    }

    synchronized void keepCommandDoorbell() {
        commandDoorbell = true;
    }

    /// How many slots the driver has enabled.
    synchronized int slotLimit() {
        return config;
    }

    /// Where its device contexts are.
    synchronized long contexts() {
        return contexts;
    }

    synchronized void reset() {
        load(new State(0, STS_HALTED, 0, 0, false, 0, false, 0, 0));
    }

    synchronized State save() {
        return new State(command, status, notifications, commandPointer, commandMoved, commandState, commandDoorbell,
                contexts, config);
    }

    synchronized void load(State state) {
        command = state.command;
        status = state.status;
        notifications = state.notifications;
        commandPointer = state.commandPointer;
        commandMoved = state.commandMoved;
        commandState = state.commandState;
        commandDoorbell = state.commandDoorbell;
        contexts = state.contexts;
        config = state.config;
    }
}
