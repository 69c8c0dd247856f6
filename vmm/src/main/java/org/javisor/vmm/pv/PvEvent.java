// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// What a guest tells its hypervisor.
public sealed interface PvEvent {
    /// It wants to be reset.
    record Reset() implements PvEvent { }

    /// It has crashed, and says why in five numbers that its kind of system gives a meaning.
    record Crash(long p0, long p1, long p2, long p3, long p4) implements PvEvent { }
}
