// SPDX-License-Identifier: Apache-2.0

/// The interrupt chips of a PC: [I8259Pair], [I8254], [IoApic], [LocalApic], and the routing between them, put together
/// by [InterruptChips].
///
/// Any thread may assert a wire or send a message. What reaches a processor are atomic changes of its local APIC and a
/// request to look at them, so a sender never waits for a receiver.
///
/// **Order of locks.** A thread that holds one of these locks may take one further down:
///
/// 1. a [GsiLine]'s, held while the chips on its routes are driven;
/// 2. the PIC pair's `wire`, held while INTR is driven;
/// 3. a leaf, under which no other lock is taken but the clock's: of the PIC pair, the PIT, the I/O APIC, a local
/// APIC's pins or timer.
///
/// Devices call in holding no lock of theirs. Nothing here calls a device.
package org.javisor.vmm.irq;
