// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Accesses to shadow stacks, which no TLB knows: each walks the page tables.
final class ShadowStackMemory {
    private final Cpu cpu;
    private final TlbFill fill;

    ShadowStackMemory(Cpu cpu, TlbFill fill) {
        this.cpu = cpu;
        this.fill = fill;
    }

    /// @param user whether it is that of user mode
    long load(long gva, int bytes, boolean user) {
        long hva = find(gva, user ? PageWalker.USER : 0);
        return hva == 0 ? cpu.bus.readMemory(fill.gpa(), bytes) : HostMemory.load(hva, bytes);
    }

    void store(long gva, int bytes, long value, boolean user) {
        long hva = find(gva, user ? PageWalker.USER | PageWalker.WRITE : PageWalker.WRITE);
        if (hva == 0) {
            cpu.bus.writeMemory(fill.gpa(), bytes, value);
        } else {
            HostMemory.store(hva, bytes, value);
            fill.memory().written(fill.gpa(), bytes);
        }
    }

    /// Checks that `gva` can be written there.
    void probe(long gva, boolean user) {
        find(gva, user ? PageWalker.USER | PageWalker.WRITE : PageWalker.WRITE);
    }

    /// Where `gva` is, or 0 when no memory backs it; then the walker knows the guest-physical address. No item crosses
    /// a page.
    private long find(long gva, int access) {
        long linear = gva & cpu.segments.linearMask;
        cpu.mmu.checkCanonical(0, linear, linear);
        return fill.walkShadow(linear, access);
    }
}
