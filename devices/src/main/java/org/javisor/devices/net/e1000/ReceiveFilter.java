// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.devices.net.NetworkOrder;

import static org.javisor.devices.net.e1000.Layout.CTRL;
import static org.javisor.devices.net.e1000.Layout.CTRL_VLAN;
import static org.javisor.devices.net.e1000.Layout.MTA;
import static org.javisor.devices.net.e1000.Layout.RA;
import static org.javisor.devices.net.e1000.Layout.RCTL;
import static org.javisor.devices.net.e1000.Layout.RCTL_BROADCAST;
import static org.javisor.devices.net.e1000.Layout.RCTL_MULTICAST;
import static org.javisor.devices.net.e1000.Layout.RCTL_UNICAST;
import static org.javisor.devices.net.e1000.Layout.RCTL_VLAN_FILTER;
import static org.javisor.devices.net.e1000.Layout.VET;
import static org.javisor.devices.net.e1000.Layout.VFTA;

/// Which frames the driver wants.
///
/// @datasheet Intel 317453 §3.2.1 "Packet Address Filtering", §9.3 "802.1q VLAN Packet Filtering"
final class ReceiveFilter {
    private static final int ADDRESSES = 16, VALID = 1 << 31;
    private static final long BROADCAST = 0xffff_ffff_ffffL;

    private final int[] registers;

    ReceiveFilter(int[] registers) {
        this.registers = registers;
    }

    /// Whether a frame, of at least 14 bytes, is to be received.
    boolean wants(byte[] frame) {
        int control = registers[RCTL >>> 2];
        if ((control & RCTL_VLAN_FILTER) != 0 && tagged(frame) && !wantsVlan(NetworkOrder.get16(frame, 14) & 0xfff)) {
            return false;
        }
        if ((frame[0] & 1) == 0) {
            return (control & RCTL_UNICAST) != 0 || exact(frame);
        }
        long address = NetworkOrder.get16(frame, 0) * 0x1_0000_0000L + NetworkOrder.get16(frame, 2) * 0x1_0000L
                + NetworkOrder.get16(frame, 4);
        if (address == BROADCAST && (control & RCTL_BROADCAST) != 0) {
            return true;
        }
        return (control & RCTL_MULTICAST) != 0 || exact(frame) || hashed(frame, control >>> 12 & 3);
    }

    /// Whether a frame has a tag that the card knows.
    boolean tagged(byte[] frame) {
        return NetworkOrder.get16(frame, 12) == (registers[VET >>> 2] & 0xffff);
    }

    /// Whether tags are taken out of frames, and put into them.
    boolean handlesTags() {
        return (registers[CTRL >>> 2] & CTRL_VLAN) != 0;
    }

    private boolean wantsVlan(int id) {
        return (registers[(VFTA >>> 2) + (id >>> 5)] >>> id & 1) != 0;
    }

    private boolean exact(byte[] frame) {
        int low = Integer.reverseBytes(NetworkOrder.get16(frame, 0) << 16 | NetworkOrder.get16(frame, 2));
        int high = (frame[4] & 0xff | (frame[5] & 0xff) << 8);
        for (int i = 0; i < ADDRESSES; i++) {
            int at = (RA >>> 2) + 2 * i;
            if (registers[at] == low && (registers[at + 1] & (VALID | 0xffff)) == (VALID | high)) {
                return true;
            }
        }
        return false;
    }

    /// Whether twelve bits of the address, chosen by the multicast offset, have their bit in the table.
    private boolean hashed(byte[] frame, int offset) {
        int last = frame[4] & 0xff | (frame[5] & 0xff) << 8;
        int hash = last >>> (offset == 3 ? 0 : 4 - offset) & 0xfff;
        return (registers[(MTA >>> 2) + (hash >>> 5)] >>> hash & 1) != 0;
    }
}
