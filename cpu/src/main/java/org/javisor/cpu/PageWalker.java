// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// Walks the guest's page tables, whatever the paging mode, and keeps their accessed and dirty flags.
///
/// Entries are read with single loads and changed with compare-and-swap, so other processors may change them at any
/// time. A table outside memory reads as all-ones, as on an undriven bus.
///
/// @sdm vol. 3A chapter 4 "Paging"
final class PageWalker {
    // What an access is: the bits it contributes to the error code, and more above.
    static final int WRITE = 1 << 1, USER = 1 << 2, FETCH = 1 << 4;
    /// An explicit supervisor-mode access with RFLAGS.AC set, which SMAP lets pass.
    static final int SMAP_EXEMPT = 1 << 8;
    /// An access to a shadow stack: of the level that USER tells, whatever the current one.
    static final int SHADOW = 1 << 6;
    private static final int ERROR_BITS = WRITE | USER | FETCH | SHADOW;
    // The other bits of the error code.
    static final int PROTECTION = 1, RESERVED = 1 << 3, KEY = 1 << 5;

    /// The result of a walk that reached a page and may access it; others are error codes.
    static final int MAPPED = -1;

    // Bits of entries.
    private static final long P = 1, RW = 1 << 1, US = 1 << 2, A = 1 << 5, D = 1 << 6, PS = 1 << 7, G = 1 << 8,
            XD = 1L << 63;

    private final Cpu cpu;
    /// The bits of an address, those up to bit 51 that are beyond it, and up to 62, which PAE paging reserves.
    private final long address, beyondAddress, beyondAddressPae;
    private GuestMemory memory;
    private final long[] pdptes = new long[4];

    // Results, valid after MAPPED.
    /// Guest-physical address of the byte asked for; A20 is not applied.
    long gpa;
    /// 12 to 30: the size of the page is 1 << pageShift.
    int pageShift;
    /// Combined over all levels.
    boolean writable, user, noExecute;
    /// Of the last level.
    boolean dirty, global;
    /// Of the last level, where pages have one, and what that takes away.
    int key;
    private int keyRights;
    private boolean keyed;

    /// The entry last loaded, and where it is; 0 if it cannot be written.
    private long loaded;
    private long entryHva;
    private long entryGpa;

    PageWalker(Cpu cpu) {
        this.cpu = cpu;
        this.memory = cpu.environment.memory();
        long beyond = -(1L << cpu.cpuid.physicalAddressBits());
        this.address = ~beyond & -4096;
        this.beyondAddress = (1L << 52) - 1 & beyond;
        this.beyondAddressPae = (1L << 63) - 1 & beyond;
    }

    /// Has it walk in what the processor sees now.
    void see(GuestMemory seen) {
        memory = seen;
    }

    /// Finds the page of the canonical `gva` and checks that it may be accessed.
    ///
    /// @param access WRITE, USER, FETCH, SMAP_EXEMPT
    /// @return [#MAPPED], or the error code of a page fault
    int walk(long gva, int access) {
        writable = true;
        user = true;
        noExecute = false;
        global = false;
        keyed = false;
        key = 0;
        keyRights = 0;
        if ((cpu.cr0 & ControlBits.CR0_PG) == 0) {
            return unpaged(gva);
        }
        if ((cpu.cr4 & ControlBits.CR4_PAE) == 0) {
            return walk32(gva, access);
        }
        if ((cpu.efer & ControlBits.EFER_LMA) == 0) {
            long pdpte = pdptes[(int) (gva >>> 30 & 3)];
            return (pdpte & P) == 0 ? error(access, 0)
                    : walk64(gva, access, pdpte & address, 2, beyondAddressPae);
        }
        int levels = (cpu.cr4 & ControlBits.CR4_LA57) != 0 ? 5 : 4;
        keyed = cpu.keys.enabled();
        return walk64(gva, access, cpu.cr3 & address, levels, beyondAddress);
    }

    private int unpaged(long gva) {
        gpa = gva;
        pageShift = GuestMemory.PAGE_SHIFT;
        dirty = true;
        return MAPPED;
    }

    /// 4-level and 5-level paging, and the last two levels of PAE paging.
    private int walk64(long gva, int access, long root, int levels, long beyondAddress) {
        long reserved = beyondAddress | ((cpu.efer & ControlBits.EFER_NXE) == 0 ? XD : 0);
        long table = root;
        int level = levels;
        while (true) {
            int shift = 3 + 9 * level;
            long entry = loadEntry(table | (gva >>> shift & 511) << 3, 8);
            if ((entry & P) == 0) {
                return error(access, 0);
            }
            boolean leaf = level == 1 || (entry & PS) != 0;
            if ((entry & (reserved | (level > 1 && leaf ? reservedInLargePage(level) : 0))) != 0) {
                return error(access, PROTECTION | RESERVED);
            }
            if (leaf) {
                int result = access(gva, access, entry, shift, 8);
                if (result != CHANGED) {
                    return result;
                }
            } else if ((entry & A) != 0 || set(A, 8)) {
                combine(entry);
                table = entry & address;
                level--;
            }
        }
    }

    private long reservedInLargePage(int level) {
        return switch (level) {
            case 2 -> (1L << 21) - (1L << 13);
            case 3 -> cpu.cpuid.has(CpuFeature.PDPE1GB) ? (1L << 30) - (1L << 13) : PS;
            default -> PS;
        };
    }

    /// 32-bit paging, with 4-MByte pages and PSE-36 when CR4.PSE is set.
    private int walk32(long gva, int access) {
        while (true) {
            writable = true;
            user = true;
            long pde = loadEntry(cpu.cr3 & 0xffff_f000L | (gva >>> 22 & 1023) << 2, 4);
            if ((pde & P) == 0) {
                return error(access, 0);
            }
            int result;
            if ((pde & PS) != 0 && (cpu.cr4 & ControlBits.CR4_PSE) != 0) {
                result = (pde & 1 << 21) != 0 ? error(access, PROTECTION | RESERVED)
                        : access(gva, access, pde & 0xffc0_1fffL | (pde >>> 13 & 0xff) << 32, 22, 4);
            } else {
                result = walk32Page(gva, access, pde);
                if (result == MAPPED && (pde & A) == 0) {
                    result = markDirectory(gva, pde);
                }
            }
            if (result != CHANGED) {
                return result;
            }
        }
    }

    /// Marks a page directory entry accessed once the whole access is permitted, as the 80386 did; the manual leaves
    /// open whether an access that faults does.
    private int markDirectory(long gva, long pde) {
        long now = loadEntry(cpu.cr3 & 0xffff_f000L | (gva >>> 22 & 1023) << 2, 4);
        return now == pde && set(A, 4) ? MAPPED : CHANGED;
    }

    private int walk32Page(long gva, int access, long pde) {
        combine(pde);
        long pte = loadEntry(pde & 0xffff_f000L | (gva >>> 12 & 1023) << 2, 4);
        return (pte & P) == 0 ? error(access, 0) : access(gva, access, pte, 12, 4);
    }

    /// Not a result of [#walk]: the entry changed meanwhile, read it again.
    private static final int CHANGED = -2;

    /// Checks the rights of a leaf and marks it accessed, and dirty if this is a write.
    private int access(long gva, int access, long leaf, int shift, int bytes) {
        boolean outerWritable = writable;
        boolean outerUser = user;
        boolean outerNoExecute = noExecute;
        combine(leaf);
        if (keyed) {
            key = ProtectionKeys.key(leaf);
            keyRights = cpu.keys.rights(key, user);
        }
        if ((access & SHADOW) != 0 ? !permitsShadow(access, leaf, outerWritable) : !permits(access)) {
            return error(access, PROTECTION | (keyViolated(access) ? KEY : 0));
        }
        long missing = ((access & WRITE) != 0 ? A | D : A) & ~leaf;
        if (missing != 0 && !set(missing, bytes)) {
            writable = outerWritable;
            user = outerUser;
            noExecute = outerNoExecute;
            return CHANGED;
        }
        long size = 1L << shift;
        gpa = leaf & (address & -size) | gva & size - 1;
        pageShift = shift;
        dirty = ((leaf | missing) & D) != 0;
        global = (leaf & G) != 0 && (cpu.cr4 & ControlBits.CR4_PGE) != 0;
        return MAPPED;
    }

    private void combine(long entry) {
        writable &= (entry & RW) != 0;
        user &= (entry & US) != 0;
        noExecute |= entry < 0;
    }

    /// Shadow stacks are on pages that are dirty and read-only, in tables that are writable.
    private boolean permitsShadow(int access, long leaf, boolean outerWritable) {
        return outerWritable && (leaf & (RW | D)) == D && user == ((access & USER) != 0) && !keyViolated(access);
    }

    /// @sdm vol. 3A §4.6.1 "Determination of Access Rights"
    private boolean permits(int access) {
        return (access & WRITE) != 0 ? mayWrite(access) : (access & FETCH) != 0 ? mayFetch(access) : mayRead(access);
    }

    /// Whether the page just found may be read by such an access; of its kind only USER and SMAP_EXEMPT matter.
    boolean mayRead(int access) {
        if ((keyRights & ProtectionKeys.ACCESS_DISABLED) != 0) {
            return false;
        }
        if ((access & USER) != 0) {
            return user;
        }
        return !user || (cpu.cr4 & ControlBits.CR4_SMAP) == 0 || (access & SMAP_EXEMPT) != 0 || !paged();
    }

    boolean mayWrite(int access) {
        return mayRead(access)
                && (writable && (keyRights & ProtectionKeys.WRITE_DISABLED) == 0 || overridesProtection(access));
    }

    /// Whether the access may write where pages are read-only.
    private boolean overridesProtection(int access) {
        return (access & USER) == 0 && (cpu.cr0 & ControlBits.CR0_WP) == 0;
    }

    private boolean keyViolated(int access) {
        boolean write = (access & WRITE) != 0 && (keyRights & ProtectionKeys.WRITE_DISABLED) != 0;
        return (access & FETCH) == 0
                && ((keyRights & ProtectionKeys.ACCESS_DISABLED) != 0 || write && !overridesProtection(access));
    }

    boolean mayFetch(int access) {
        boolean privileged = (access & USER) != 0 ? user : !user || (cpu.cr4 & ControlBits.CR4_SMEP) == 0 || !paged();
        return privileged && !noExecute;
    }

    private boolean paged() {
        return (cpu.cr0 & ControlBits.CR0_PG) != 0;
    }

    private int error(int access, int cause) {
        int bits = access & ERROR_BITS | cause;
        return tellsFetches() ? bits : bits & ~FETCH;
    }

    /// Whether error codes tell fetches from reads.
    boolean tellsFetches() {
        return (cpu.cr4 & ControlBits.CR4_SMEP) != 0
                || (cpu.cr4 & ControlBits.CR4_PAE) != 0 && (cpu.efer & ControlBits.EFER_NXE) != 0;
    }

    // ---- entries ----

    private long loadEntry(long at, int bytes) {
        entryGpa = cpu.mmu.fill.a20(at);
        MemorySlot slot = memory.find(entryGpa);
        if (slot == null) {
            entryHva = 0;
            loaded = Cpu.mask(bytes);
        } else {
            long hva = cpu.mmu.fill.hva(slot, entryGpa);
            entryHva = slot.readOnly() ? 0 : hva;
            loaded = HostMemory.load(hva, bytes);
        }
        return loaded;
    }

    /// Sets bits of the entry last loaded; in memory that cannot be written it does nothing, as writes there do.
    ///
    /// @return false if somebody changed the entry meanwhile
    private boolean set(long bits, int bytes) {
        if (entryHva == 0) {
            return true;
        }
        long entry = loaded;
        boolean done = bytes == 8 ? HostMemory.compareAndSetLong(entryHva, entry, entry | bits)
                : HostMemory.compareAndSetInt(entryHva, (int) entry, (int) (entry | bits));
        if (done) {
            memory.written(entryGpa, bytes);
        }
        return done;
    }

    // ---- PDPTE registers ----

    /// Loads the four PDPTEs that `cr3` points to.
    ///
    /// @return false, and nothing is loaded, if a present one has reserved bits set
    /// @sdm vol. 3A §4.4.1 "PDPTE Registers"
    boolean loadPdptes(long cr3) {
        long reserved = ~address & -4096 | 0x1e6;
        long table = cr3 & 0xffff_ffe0L;
        long e0 = loadEntry(table, 8);
        long e1 = loadEntry(table + 8, 8);
        long e2 = loadEntry(table + 16, 8);
        long e3 = loadEntry(table + 24, 8);
        if (violates(e0, reserved) || violates(e1, reserved) || violates(e2, reserved) || violates(e3, reserved)) {
            return false;
        }
        pdptes[0] = e0;
        pdptes[1] = e1;
        pdptes[2] = e2;
        pdptes[3] = e3;
        return true;
    }

    private static boolean violates(long pdpte, long reserved) {
        return (pdpte & P) != 0 && (pdpte & reserved) != 0;
    }
}
