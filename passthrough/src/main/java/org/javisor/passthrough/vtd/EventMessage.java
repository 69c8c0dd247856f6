// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import org.javisor.devices.RegisterMap;

/// The four registers by which an event of the unit's own interrupts: control, data, address, upper address. Its lock
/// is a leaf.
///
/// @datasheet Intel VT-d 4.1 §11.4.7.2 "Fault Event Control Register", §11.4.8.4
final class EventMessage {
    static final int MASKED = 1 << 31, PENDING = 1 << 30;

    /// A message that is to leave.
    record Message(long address, int data) { }

    private int control = MASKED;
    private int data;
    private int address;
    private int upperAddress;

    /// An event has come.
    ///
    /// @return the message that tells of it now, or null
    synchronized Message raise() {
        if ((control & MASKED) != 0) {
            control |= PENDING;
            return null;
        }
        return message();
    }

    /// There is nothing to be told of any more.
    synchronized void settle() {
        control &= ~PENDING;
    }

    private Message message() {
        return new Message((long) upperAddress << 32 | address & 0xffff_ffffL, data);
    }

    /// @return the message that waited until it was unmasked, or null
    private synchronized Message control(long value, long mask) {
        control = control & ~(MASKED & (int) mask) | (int) value & MASKED;
        if ((control & (MASKED | PENDING)) != PENDING) {
            return null;
        }
        control &= ~PENDING;
        return message();
    }

    /// Takes a message that is to leave.
    @FunctionalInterface
    interface Outbox {
        void add(Message message);
    }

    void define(RegisterMap registers, int at, Outbox outbox) {
        registers.define(at, 4, () -> save().control(), (value, mask) -> {
            Message waiting = control(value, mask);
            if (waiting != null) {
                outbox.add(waiting);
            }
        });
        registers.define(at + 4, 4, () -> save().data(), this::data);
        registers.define(at + 8, 4, () -> save().address(), this::address);
        registers.define(at + 12, 4, () -> save().upperAddress(), this::upperAddress);
    }

    private synchronized void data(long value, long mask) {
        data = data & ~(int) mask | (int) value;
    }

    private synchronized void address(long value, long mask) {
        address = (address & ~(int) mask | (int) value) & ~3;
    }

    private synchronized void upperAddress(long value, long mask) {
        upperAddress = upperAddress & ~(int) mask | (int) value;
    }

    void reset() {
        load(new EventState(MASKED, 0, 0, 0));
    }

    synchronized EventState save() {
        return new EventState(control, data, address, upperAddress);
    }

    synchronized void load(EventState state) {
        control = state.control();
        data = state.data();
        address = state.address();
        upperAddress = state.upperAddress();
    }
}
