// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

/// The TRBs of one transfer, as they have been read from a ring. To be used again.
///
/// @xhci 1.1 §3.2.8 "Transfer Descriptor", §3.2.9 "Control Transfers"
final class TransferDescriptor {
    /// A longer transfer is taken for an error; a TRB has up to 64 KiB.
    static final int MAX_TRBS = 1024;

    /// What [#read] found.
    enum Found { WHOLE, NOT_WHOLE, NONSENSE }

    private final Trb[] trbs = new Trb[MAX_TRBS];
    private int count;

    /// Reads one transfer from `ring` on, which then is behind it.
    ///
    /// @param control whether it is a control transfer: setup, data and status stage together
    Found read(RingReader ring, boolean control) {
        count = 0;
        while (count < MAX_TRBS) {
            if (trbs[count] == null) {
                trbs[count] = new Trb();
            }
            Trb trb = trbs[count];
            RingReader.Found found = ring.next(trb);
            if (found != RingReader.Found.TRB) {
                return found == RingReader.Found.CIRCLE ? Found.NONSENSE : Found.NOT_WHOLE;
            }
            count++;
            if (control && count == 1 && trb.type() == XhciLayout.NO_OP) {
                return Found.WHOLE;
            }
            if (control && (count == 1) != (trb.type() == XhciLayout.SETUP_STAGE)) {
                return Found.NONSENSE;
            }
            if (!trb.has(XhciLayout.CHAIN) && (!control || hasStatus())) {
                return Found.WHOLE;
            }
        }
        return Found.NONSENSE;
    }

    private boolean hasStatus() {
        for (int i = count - 1; i >= 0 && i >= count - 2; i--) {
            if (trbs[i].type() == XhciLayout.STATUS_STAGE) {
                return true;
            }
        }
        return false;
    }

    int count() {
        return count;
    }

    Trb get(int index) {
        return trbs[index];
    }

    /// The first TRB of that type, or null.
    Trb first(int type) {
        for (int i = 0; i < count; i++) {
            if (trbs[i].type() == type) {
                return trbs[i];
            }
        }
        return null;
    }
}
