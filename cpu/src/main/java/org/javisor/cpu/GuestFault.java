// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// An exception of the guest's, on its way from the handler that met it to the run loop. One per processor, without
/// a stack trace: throwing it costs about 150 ns. Made only by the factory methods of [Cpu].
final class GuestFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    static final int DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8, TS = 10, NP = 11, SS = 12,
            GP = 13, PF = 14, MF = 16, AC = 17, MC = 18, XM = 19, CP = 21;
    /// No exception: unwinds an instruction that is to be executed anew after an exit.
    static final int UNWIND = -1;

    /// 0 to 31, or [#UNWIND].
    int vector;
    /// Whether the vector pushes [#errorCode].
    boolean hasErrorCode;
    int errorCode;

    GuestFault() {
        super(null, null, false, false);
    }
}
