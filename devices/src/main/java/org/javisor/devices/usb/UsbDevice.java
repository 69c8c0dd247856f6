// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

import org.javisor.host.IoVector;

/// A device on a USB port. The controller calls it on one thread at a time; whoever feeds it from the host's side may
/// do so on any.
///
/// @usb 2.0 §5 "USB Data Flow Model", §8.5 "Transaction Packet Sequences"
public interface UsbDevice {
    /// Handshakes in place of a number of bytes: the endpoint is halted, or has nothing to give or no room now.
    int STALL = -1, NOT_NOW = -2;

    /// How fast it is, by the number that xHCI has for it.
    enum Speed {
        FULL(1), LOW(2), HIGH(3), SUPER(4);

        private final int id;

        Speed(int id) {
            this.id = id;
        }

        public int id() {
            return id;
        }
    }

    /// Told when an endpoint that said [#NOT_NOW] may be asked again. Any thread; cheap.
    @FunctionalInterface
    interface Listener {
        /// @param address the endpoint's number, plus 0x80 for one towards the host
        void ready(int address);
    }

    Speed speed();

    /// A control transfer on endpoint 0.
    ///
    /// @param data as long as the request says: what the host sends, or room for the answer
    /// @return how many bytes of `data` are the answer, 0 towards the device, or [#STALL]
    int control(SetupPacket setup, byte[] data);

    /// A bulk or interrupt transfer, or a part of one.
    ///
    /// @param address the endpoint's number, plus 0x80 for one towards the host
    /// @param data    what the host sends, or room for what the device has
    /// @return how many bytes were moved; fewer than there is room for ends the transfer; or [#STALL] or [#NOT_NOW]
    int transfer(int address, IoVector data);

    /// Whom to tell; null for nobody.
    void listener(Listener listener);

    /// What a reset of the port does: nothing is configured any more.
    void reset();

    Record save();

    /// @throws IllegalArgumentException if [#restore] would not take the state
    void check(Record state);

    /// @throws IllegalArgumentException if it is no state of such a device; nothing has changed then
    void restore(Record state);
}
