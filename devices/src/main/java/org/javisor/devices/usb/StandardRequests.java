// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

/// What every device is asked, answered from its descriptors. Addresses are the controller's business.
///
/// @usb 2.0 §9.4 "Standard Device Requests"; 3.2 §9.4
final class StandardRequests {
    // Type and request.
    private static final int GET_DEVICE_STATUS = 0x8000, GET_INTERFACE_STATUS = 0x8100, GET_ENDPOINT_STATUS = 0x8200,
            CLEAR_DEVICE_FEATURE = 0x0001, SET_DEVICE_FEATURE = 0x0003, CLEAR_INTERFACE_FEATURE = 0x0101,
            SET_INTERFACE_FEATURE = 0x0103, CLEAR_ENDPOINT_FEATURE = 0x0201, SET_ENDPOINT_FEATURE = 0x0203,
            SET_ADDRESS = 0x0005, GET_DESCRIPTOR = 0x8006, GET_CONFIGURATION = 0x8008, SET_CONFIGURATION = 0x0009,
            GET_INTERFACE = 0x810a, SET_INTERFACE = 0x010b, SET_SEL = 0x0030, SET_ISOCH_DELAY = 0x0031;
    private static final int ENDPOINT_HALT = 0, REMOTE_WAKEUP = 1, SELF_POWERED = 1;
    private static final int SYSTEM_LATENCIES = 6;

    /// @param halted a bit for each endpoint that is: numbers 0 to 15, those towards the host in bits 16 to 31
    record State(boolean configured, boolean remoteWakeup, int halted) { }

    private final Descriptors descriptors;
    private boolean configured;
    private boolean remoteWakeup;
    private int halted;

    StandardRequests(Descriptors descriptors) {
        this.descriptors = descriptors;
    }

    boolean configured() {
        return configured;
    }

    private static int bit(int address) {
        return 1 << (address & 0xf) + ((address & 0x80) != 0 ? 16 : 0);
    }

    boolean halted(int address) {
        return (halted & bit(address)) != 0;
    }

    void halt(int address) {
        halted |= bit(address);
    }

    /// Answers a request, as [UsbDevice#control] does.
    int control(SetupPacket setup, byte[] data) {
        return switch (setup.code()) {
            case GET_DEVICE_STATUS -> put(data, SELF_POWERED | (remoteWakeup ? 2 : 0), 2);
            case GET_INTERFACE_STATUS -> put(data, 0, 2);
            case GET_ENDPOINT_STATUS -> put(data, halted(setup.index()) ? 1 : 0, 2);
            case CLEAR_DEVICE_FEATURE, SET_DEVICE_FEATURE -> setDeviceFeature(setup);
            // What links may do to save power, and functions to sleep.
            case CLEAR_INTERFACE_FEATURE, SET_INTERFACE_FEATURE, SET_ISOCH_DELAY, SET_ADDRESS -> 0;
            case CLEAR_ENDPOINT_FEATURE, SET_ENDPOINT_FEATURE -> setEndpointFeature(setup);
            case GET_DESCRIPTOR -> getDescriptor(setup, data);
            case GET_CONFIGURATION -> put(data, configured ? 1 : 0, 1);
            case SET_CONFIGURATION -> setConfiguration(setup.value());
            case GET_INTERFACE -> configured ? put(data, 0, 1) : UsbDevice.STALL;
            case SET_INTERFACE -> configured && setup.value() == 0 ? unhalt() : UsbDevice.STALL;
            case SET_SEL -> setup.length() == SYSTEM_LATENCIES ? 0 : UsbDevice.STALL;
            default -> UsbDevice.STALL;
        };
    }

    private static int put(byte[] data, int value, int bytes) {
        int given = Math.min(bytes, data.length);
        for (int i = 0; i < given; i++) {
            data[i] = (byte) (value >>> 8 * i);
        }
        return given;
    }

    private int setDeviceFeature(SetupPacket setup) {
        if (setup.value() == REMOTE_WAKEUP) {
            remoteWakeup = setup.code() == SET_DEVICE_FEATURE;
        }
        return 0;
    }

    private int setEndpointFeature(SetupPacket setup) {
        if (setup.value() != ENDPOINT_HALT) {
            return UsbDevice.STALL;
        }
        int bit = bit(setup.index());
        halted = setup.code() == SET_ENDPOINT_FEATURE ? halted | bit : halted & ~bit;
        return 0;
    }

    private int getDescriptor(SetupPacket setup, byte[] data) {
        byte[] descriptor = descriptors.get(setup.value() >>> 8, setup.value() & 0xff);
        return descriptor == null ? UsbDevice.STALL : give(descriptor, data);
    }

    /// Gives the first bytes of `content` as answer.
    static int give(byte[] content, byte[] data) {
        int given = Math.min(content.length, data.length);
        System.arraycopy(content, 0, data, 0, given);
        return given;
    }

    private int setConfiguration(int value) {
        if (value > 1) {
            return UsbDevice.STALL;
        }
        configured = value == 1;
        return unhalt();
    }

    private int unhalt() {
        halted = 0;
        return 0;
    }

    void reset() {
        configured = false;
        remoteWakeup = false;
        halted = 0;
    }

    State save() {
        return new State(configured, remoteWakeup, halted);
    }

    void load(State state) {
        configured = state.configured;
        remoteWakeup = state.remoteWakeup;
        halted = state.halted;
    }
}
