// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The 4096 bytes of one function's configuration space: a value, and which bits a guest may write or clear.
///
/// Guarded by the lock of the [PciFunction] that owns it.
///
/// @pci PCI Express 5.0 §7.5 "PCI and PCIe Capabilities Required by the Base Spec"
public final class ConfigSpace {
    /// The whole space, and the part that ports 0xcf8 and 0xcfc reach.
    public static final int BYTES = 4096, LEGACY_BYTES = 256;

    public static final int VENDOR_ID = 0, DEVICE_ID = 2, COMMAND = 4, STATUS = 6, REVISION = 8, CLASS = 9,
            CACHE_LINE = 0xc, HEADER_TYPE = 0xe, BAR0 = 0x10, SUBSYSTEM_VENDOR_ID = 0x2c,
            SUBSYSTEM_ID = 0x2e, EXPANSION_ROM = 0x30, CAPABILITIES = 0x34, INTERRUPT_LINE = 0x3c, INTERRUPT_PIN = 0x3d;

    static final int STATUS_CAPABILITIES = 0x10;
    private static final int FIRST_CAPABILITY = 0x40, FIRST_EXTENDED = 0x100;

    private final byte[] value = new byte[BYTES];
    private final byte[] writable = new byte[BYTES];
    private final byte[] clearable = new byte[BYTES];
    private final byte[] carried = new byte[BYTES];
    private int capabilitiesEnd = FIRST_CAPABILITY;
    private int lastCapability = CAPABILITIES - 1;
    private int lastExtended;
    private int extendedEnd = FIRST_EXTENDED;

    /// The value of the `size` bytes (1, 2 or 4) at `offset`.
    public int get(int offset, int size) {
        int result = 0;
        for (int i = 0; i < size; i++) {
            result |= (value[offset + i] & 0xff) << 8 * i;
        }
        return result;
    }

    /// Sets `size` bytes, as the hardware may and the guest may not.
    public void set(int offset, int size, int newValue) {
        put(value, offset, size, newValue);
    }

    /// Lets guests write the bits in `mask` of the `size` bytes at `offset`.
    public void allow(int offset, int size, int mask) {
        put(writable, offset, size, mask);
    }

    /// Lets guests clear the bits in `mask` of the `size` bytes at `offset` by writing ones to them.
    public void allowClear(int offset, int size, int mask) {
        put(clearable, offset, size, mask);
    }

    /// Names bits that the hardware alone changes and that are part of the state nevertheless.
    public void carry(int offset, int size, int mask) {
        put(carried, offset, size, mask);
    }

    private static void put(byte[] bytes, int offset, int size, int newValue) {
        for (int i = 0; i < size; i++) {
            bytes[offset + i] = (byte) (newValue >>> 8 * i);
        }
    }

    /// A guest's write.
    void write(int offset, int size, int written) {
        for (int i = 0; i < size; i++) {
            int at = offset + i;
            int b = written >>> 8 * i;
            int kept = value[at] & ~writable[at] & ~(b & clearable[at]);
            value[at] = (byte) (kept | b & writable[at]);
        }
    }

    /// Leaves what is before `offset` to registers that have their place there: capabilities follow.
    public void capabilitiesFrom(int offset) {
        capabilitiesEnd = Math.max(capabilitiesEnd, offset);
    }

    /// Appends a capability of `bytes` bytes to the list, and says where it is.
    ///
    /// @param id as in "Capability IDs"
    public int addCapability(int id, int bytes) {
        int at = capabilitiesEnd;
        capabilitiesEnd = at + bytes + 3 & ~3;
        if (capabilitiesEnd > LEGACY_BYTES) {
            throw new IllegalStateException("no room for PCI capability " + id);
        }
        set(at, 1, id);
        set(lastCapability + 1, 1, at);
        lastCapability = at;
        set(STATUS, 2, get(STATUS, 2) | STATUS_CAPABILITIES);
        return at;
    }

    /// Appends an extended capability, and says where it is.
    public int addExtendedCapability(int id, int version, int bytes) {
        int at = extendedEnd;
        extendedEnd = at + bytes + 3 & ~3;
        if (extendedEnd > BYTES) {
            throw new IllegalStateException("no room for extended PCI capability " + id);
        }
        set(at, 4, id | version << 16);
        if (lastExtended != 0) {
            set(lastExtended + 2, 2, get(lastExtended + 2, 2) & 0xf | at << 4);
        }
        lastExtended = at;
        return at;
    }

    byte[] toArray() {
        return value.clone();
    }

    /// Takes the bits that can change from `saved`; identity and layout stay.
    void load(byte[] saved) {
        for (int i = 0; i < BYTES; i++) {
            int mutable = writable[i] | clearable[i] | carried[i];
            value[i] = (byte) (value[i] & ~mutable | saved[i] & mutable);
        }
    }

    void copyFrom(byte[] snapshot) {
        System.arraycopy(snapshot, 0, value, 0, BYTES);
    }
}
