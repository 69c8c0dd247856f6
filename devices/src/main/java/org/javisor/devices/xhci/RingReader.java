// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import org.javisor.memory.DmaSpace;

/// A place in a command or transfer ring that the controller reads.
///
/// @xhci 1.1 §4.9 "TRB Ring"
public final class RingReader {
    /// More links than that in a row lead in a circle, or might as well.
    private static final int MAX_LINKS = 32;

    /// What [#next] found.
    enum Found { TRB, NOTHING, CIRCLE }

    /// @param cycle what the cycle bit of TRBs that are the controller's is
    public record State(long pointer, boolean cycle) {
        public State {
            if ((pointer & XhciLayout.TRB_BYTES - 1) != 0) {
                throw new IllegalArgumentException("a ring at " + Long.toHexString(pointer));
            }
        }
    }

    private final DmaSpace memory;
    private long pointer;
    private boolean cycle;

    RingReader(DmaSpace memory) {
        this.memory = memory;
    }

    /// From a register or context: the pointer with the cycle bit in bit 0.
    void set(long pointerAndCycle) {
        pointer = pointerAndCycle & -XhciLayout.TRB_BYTES;
        cycle = (pointerAndCycle & 1) != 0;
    }

    /// As it stands in a context.
    long pointerAndCycle() {
        return pointer | (cycle ? 1 : 0);
    }

    void copy(RingReader other) {
        pointer = other.pointer;
        cycle = other.cycle;
    }

    /// Takes the next TRB that is no link, if the driver has put one there.
    Found next(Trb trb) {
        for (int links = 0; links < MAX_LINKS; links++) {
            trb.load(memory, pointer);
            if (trb.cycle() != cycle) {
                return Found.NOTHING;
            }
            if (trb.type() != XhciLayout.LINK) {
                pointer += XhciLayout.TRB_BYTES;
                return Found.TRB;
            }
            pointer = trb.parameter & -XhciLayout.TRB_BYTES;
            cycle ^= trb.has(XhciLayout.TOGGLE_CYCLE);
        }
        return Found.CIRCLE;
    }

    State save() {
        return new State(pointer, cycle);
    }

    void load(State state) {
        pointer = state.pointer;
        cycle = state.cycle;
    }
}
