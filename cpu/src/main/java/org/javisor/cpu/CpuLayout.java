// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.MemorySlot;

/// Where things are in a processor's off-heap block: what the interpreter and emitted code both touch on every
/// instruction. Everything else of the processor lives in plain Java objects.
///
/// ```
///    0 ┌───────────────────────────┐
///      │ RAX..R15        16 × 8     │ general registers, in encoding order
///  128 │ RIP             8          │ of the next instruction while one executes
///  136 │ ZERO            8          │ always 0: stands for an absent base or index register
///  144 │ FAST_TLB        8          │ host address of the TLB that accesses look in
///  152 │ PAGE_RIP        8          │ RIP of the first byte of the page that the current block is in
///  160 │ SEGMENT_BASE    8 × 8      │ ES CS SS DS FS GS; 6 and 7 are always 0
///  224 │ ATTENTION       4          │ not 0: translated code is to stop and look at REQUESTS. See Attention.call
///  228 │ MXCSR           4          │
///  232 │ FCW FSW FTW FOP 2 each     │ FSW holds TOP; FTW is the full 16-bit tag word
///  240 │ FIP             8          │
///  248 │ FDP             8          │
///  256 │ FPR             8 × 16     │ x87 registers by physical number; MMX aliases the low 8 bytes
///  384 │ XMM             16 × 32    │ each with room for its YMM half above
///  896 │ OPERAND         2 × 32     │ memory operands of vector instructions, while one executes
///  960 │ SWAP_16         32         │ arguments of a 16-byte compare-and-swap
///  992 │ SYSTEM_FLAGS    4          │ RFLAGS without the arithmetic flags
///  996 │ X87             4          │ of translated code, bits: x87 registers may be used, are in the host's
/// 1000 │ OPEN_SEGMENTS   4          │ bit n: accesses through segment n have only to be within 4 GiB of its base
/// 1004 │ unused                     │
/// 1008 │ FLAGS_RESULT    8          │ the six arithmetic flags, see Flags
/// 1016 │ FLAGS_AUX       8          │
/// 1024 │ REQUESTS        4          │ pending requests, see Requests
/// 1028 │ X87_IMAGE       108        │ the x87 registers as FRSTOR and FNSAVE have them
/// 1136 │ FLAG_OPERANDS   4 × 8      │ what translated code may have to compute flags from again
/// 1168 │ HOST_ADDRESSES  4 × 8      │ that translated code will need again. See MemoryAccess
/// 1200 │ STRADDLED       1          │ not 0: host code stopped because what it checked at once is in two pages
/// 1201 │ unused                     │
/// 1208 │ LINEAR_MASK     8          │ cuts a linear address to the mode's width
/// 1216 │ TRANSFER        4          │ of translated code: what changed its level last. See ModeDerivation
/// 1220 │ SYSTEM_CHANGED  4          │ not 0: it changed AC, or the base of FS or GS
/// 1224 │ KERNEL_GS_BASE  8          │
/// 1232 │ SELECTORS       6 × 4      │ ES CS SS DS FS GS
/// 1256 │ CR0 CR2 CR3 CR4 8 each     │ CR2 itself; copies of the others
/// 1288 │ TLBS            3 × 8      │ what FAST_TLB is in user mode; in supervisor mode; there, with AC set
/// 1312 │ ENTRIES_OF      2 × 8      │ what ENTRIES is in user mode; in supervisor mode
/// 1328 │ SYSCALL_TARGET  8          │ LSTAR; no possible address when translated code must not execute SYSCALL
/// 1336 │ SYSCALL_FLAGS   4          │ which flags it keeps
/// 1340 │ SYSRET_USABLE   4          │ whether translated code may execute SYSRET
/// 1344 │ CALL_SELECTORS  2 × 4      │ CS and SS behind SYSCALL
/// 1352 │ RETURN_SELECTORS 2 × 4     │ CS and SS behind SYSRET
/// 1360 │ PKRU            8          │
/// 1368 │ TSC_ORIGIN      8          │ what the guest's counter is behind the host's monotonic clock
/// 1376 │ TSC_LIMIT       8          │ the time by that clock from which on translated code does not read it
/// 1384 │ TSC_AUX         4          │ IA32_TSC_AUX
/// 1388 │ unused                     │
/// 1392 │ RETIRED         4 × 8      │ instructions in user mode, in supervisor mode; branches. See PerformanceMonitor
/// 1424 │ RETIRED_LIMITS  4 × 8      │ of each: when host code that counts them is to stop
/// 1456 │ MISSED_READ     8          │ not 0: host code stopped because the TLB does not permit to read here
/// 1464 │ MISSED_WRITE    8          │ the same of writing. See MissedAccess
/// 1472 │ RETURN_BASE     8          │ host address of the last frame of translated code's return stack
/// 1480 │ RETURN_LIMIT    8          │ below which it has no more room
/// 1488 │ IRET_USABLE     4          │ bits: IRET of translated code may use TO_USER, TO_KERNEL
/// 1492 │ unused                     │
/// 1496 │ IRET_TO_USER    40         │ CS and SS of programs, where their descriptors are, and these. See KnownReturns
/// 1536 │ IRET_TO_KERNEL  40         │ the same of a kernel that is interrupted itself
/// 1576 │ TLBS_IN_USE     4          │ how many of TLB are, from the first on
/// 1580 │ unused                     │
/// 1584 │ INVALIDATIONS   8          │ how often translated code has had one page forgotten
/// 1592 │ unused                     │
/// 1600 │ INT_FROM_USER   80         │ the gate of INT n in programs, and where it leads. See KnownGates
/// 1680 │ INT_FROM_KERNEL 80         │ the same of INT n in the kernel
/// 1760 │ WALK_ADDRESS    8          │ the bits of a table's address; 0: translated code must not walk. See HostWalks
/// 1768 │ WALK_RESERVED   8          │ the bits of an entry that it leaves to the interpreter
/// 1776 │ WALKS           8          │ how often it has entered a page into a TLB
/// 1784 │ WALKED          4          │ not 0: since it was entered
/// 1788 │ EPOCH           4          │ what it notes where it permits to write directly. See MemorySlot
/// 1792 │ WALK_SLOTS      2 × 40     │ memory it finds: first address, bytes, distance to the host's; grants; tracked
/// 1872 │ unused                     │
/// 2000 │ REQUEST_MASK    4          │ the requests that the processor would take now
/// 2004 │ HOST_MXCSR      4          │ while translated code runs
/// 2008 │ FLAGS_RAW       2          │ the arithmetic flags in translated code: OF, and above it what LAHF gives
/// 2012 │ VECTORS         4          │ of translated code, bits: XMM and YMM registers may be used; are in the host's
/// 2016 │ PIECES_LEFT     4          │ how many pieces checked code may still begin. See LockStep
/// 2020 │ unused                     │
/// 2024 │ ENTRIES         8          │ host address of the entry cache
/// 2032 │ unused                     │
/// 2040 │ INSTRUCTIONS    8          │ that translated code has executed since it was entered, if it counts
/// 2048 │ SPILL           3 × 8      │ what translated code has no register for
/// 2072 │ UNDO_AT         8          │ host address of the next free entry of UNDO
/// 2080 │ unused                     │
/// 2096 │ DATA_DS DATA_ES 24 each    │ what 64-bit code may load DS and ES with. See KnownSegments
/// 2144 │ FAULT_FROM_USER 80         │ the gate of #PF in programs, and where it leads. See KnownGates
/// 2224 │ FAULT_FROM_KERNEL 80       │ the same of #PF in the kernel
/// 2304 │ FAULT           4          │ what a walk of translated code has found: FAULT_FOUND, and the error code; or 0
/// 2308 │ FAULT_OFFSET    4          │ where in its page the instruction is that walked
/// 2312 │ FAULT_AHEAD     4          │ how many instructions it has counted that will not be executed
/// 2316 │ WALK_SETS       4          │ whether translated code may set accessed and dirty flags
/// 2320 │ FAULT_ADDRESS   8          │ where the walk was to lead; and later, CR2
/// 2328 │ FAULT_WORDS     4 × 8      │ of the delivery: its exit, entry and frame, and the guest's address of that
/// 2360 │ WALK_FAULTS     8          │ how many page faults translated code has delivered
/// 2368 │ WALK_KEYS       8          │ the bits of an entry that are its protection key, if keys are in use
/// 2376 │ KEY_RIGHTS      2 × 4      │ what is forbidden by key, of user pages and of the others
/// 2384 │ WALK_LEAF       8          │ host address of the entry that a walk has read last
/// 2392 │ WALK_FETCH      4          │ what the error code has for a fetch: FAULT_FETCH, or nothing
/// 2396 │ unused                     │
/// 2400 │ FETCH_ENTRY     16         │ like an entry of an entry cache: what delivers the page fault of a fetch
/// 2416 │ unused                     │
///      ├───────────────────────────┤
/// 4096 │ EMPTY_TLB       772 Ki     │ always empty. See Tlb
///      │ TLB         6 × 3 × 772 Ki │ of each address space: user; supervisor; the same exempt from SMAP
///      │ ENTRY_CACHES   7 × 128 Ki   │ the kernel's; user mode's of each address space. See EntryCache
///      │ UNDO         16 Ki × 32    │ what checked code has overwritten: address, size, two words. See LockStep
///      │ PAGE_MARKS      3 × 4 Ki   │ which pages host code does not forget by itself. See PageMarks
///      └───────────────────────────┘
/// ```
public final class CpuLayout {
    public static final int GPR = 0;
    public static final int RIP = 128;
    static final int ZERO = 136;
    public static final int FAST_TLB = 144;
    public static final int PAGE_RIP = 152;
    public static final int SEGMENT_BASE = 160;
    public static final int ATTENTION = 224;
    public static final int MXCSR = 228;
    public static final int FCW = 232, FSW = 234, FTW = 236, FOP = 238;
    public static final int FIP = 240, FDP = 248;
    public static final int FPR = 256, FPR_STRIDE = 16;
    public static final int XMM = 384, XMM_STRIDE = 32;
    static final int OPERAND = 896;
    static final int SWAP_16 = 960;
    /// With bit 1 set.
    public static final int SYSTEM_FLAGS = 992;
    public static final int OPEN_SEGMENTS = 1000;
    public static final int FLAGS_RESULT = 1008;
    public static final int FLAGS_AUX = 1016;
    public static final int REQUESTS = 1024;
    public static final int FLAG_OPERANDS = 1136;
    public static final int X87 = 996, X87_USABLE = 1, X87_LOADED = 2;
    public static final int X87_IMAGE = 1028;
    public static final int HOST_ADDRESSES = 1168, HOST_ADDRESS_COUNT = 4;
    public static final int STRADDLED = 1200;
    public static final int LINEAR_MASK = 1208;
    public static final int TRANSFER = 1216, TRANSFER_SYSCALL = 1, TRANSFER_SYSRET = 2,
            TRANSFER_IRET_TO_USER = 3, TRANSFER_IRET_TO_KERNEL = 4, TRANSFER_INT_FROM_USER = 5,
            TRANSFER_FAULT_FROM_USER = 6;
    public static final int SYSTEM_CHANGED = 1220;
    public static final int KERNEL_GS_BASE = 1224;
    public static final int SELECTORS = 1232;
    public static final int CR0 = 1256, CR2 = 1264, CR3 = 1272, CR4 = 1280;
    public static final int USER_TLB = 1288, SUPERVISOR_TLB = 1296, EXEMPT_TLB = 1304;
    public static final int USER_ENTRIES = 1312, SUPERVISOR_ENTRIES = 1320;
    public static final int SYSCALL_TARGET = 1328, SYSCALL_FLAGS = 1336, SYSRET_USABLE = 1340;
    public static final int CALL_SELECTORS = 1344, RETURN_SELECTORS = 1352;
    public static final int PKRU = 1360;
    static final int SYSTEM_END = 1368;
    public static final int TSC_ORIGIN = 1368, TSC_LIMIT = 1376, TSC_AUX = 1384;
    public static final int RETIRED = 1392, RETIRED_LIMITS = 1424;
    public static final int MISSED_READ = 1456, MISSED_WRITE = 1464;
    public static final int RETURN_BASE = 1472, RETURN_LIMIT = 1480;
    public static final int IRET_USABLE = 1488, USABLE_TO_USER = 1, USABLE_TO_KERNEL = 2;
    public static final int IRET_TO_USER = 1496, IRET_TO_KERNEL = 1536;
    /// In each of these: selectors of 4 bytes; linear addresses of descriptors; these.
    public static final int IRET_CS = 0, IRET_SS = 4, IRET_CS_AT = 8, IRET_SS_AT = 16, IRET_CS_DESCRIPTOR = 24,
            IRET_SS_DESCRIPTOR = 32;
    public static final int TLBS_IN_USE = 1576;
    public static final int INVALIDATIONS = 1584;
    public static final int INT_FROM_USER = 1600, INT_FROM_KERNEL = 1680;
    /// In each of these: the vector, or -1 if INT is the interpreter's; the selector of its code; the linear address
    /// of the gate, and its lower half and the next four bytes; the flags, and the bits of REQUEST_MASK, that stay; the
    /// linear address of the code's descriptor, and that; of the stack pointer, or 0 for the present one; the handler's
    /// address; how often it was entered.
    public static final int INT_VECTOR = 0, INT_CS = 4, INT_GATE_AT = 8, INT_GATE = 16, INT_GATE_HIGH = 24,
            INT_FLAGS = 28, INT_REQUESTS = 32, INT_CODE_AT = 40, INT_CODE = 48, INT_STACK_AT = 56, INT_TARGET = 64,
            INT_COUNT = 72;
    public static final int DATA_DS = 2096, DATA_ES = 2120;
    /// In each of these: the selector, or -1 if loading is the interpreter's; the linear address of the descriptor, and
    /// that.
    public static final int DATA_SELECTOR = 0, DATA_DESCRIPTOR_AT = 8, DATA_DESCRIPTOR = 16;
    public static final int FAULT_FROM_USER = 2144, FAULT_FROM_KERNEL = 2224;
    public static final int FAULT = 2304, FAULT_FOUND = 1 << 8, FAULT_OFFSET = 2308, FAULT_AHEAD = 2312;
    public static final int FAULT_ADDRESS = 2320, FAULT_WORDS = 2328, WALK_FAULTS = 2360;
    public static final int WALK_SETS = 2316, WALK_KEYS = 2368, KEY_RIGHTS = 2376, WALK_LEAF = 2384;
    public static final int WALK_FETCH = 2392, FETCH_ENTRY = 2400;
    public static final int WALK_ADDRESS = 1760, WALK_RESERVED = 1768, WALKS = 1776, WALKED = 1784, EPOCH = 1788;
    public static final int WALK_SLOTS = 1792, WALK_SLOT_COUNT = 2, WALK_SLOT_BYTES = 40;
    /// In each of these.
    public static final int SLOT_GPA = 0, SLOT_LENGTH = 8, SLOT_DISTANCE = 16, SLOT_GRANTS = 24, SLOT_TRACKED = 32;
    static final int EMPTY_TLB = 4096;
    public static final int TLB = EMPTY_TLB + Tlb.BYTES;
    /// As many as Linux keeps PCIDs in use on a processor.
    static final int ADDRESS_SPACES = 6;
    static final int ENTRY_CACHES = TLB + ADDRESS_SPACES * AddressSpace.BYTES;
    /// Two entries for each instruction of a block, as stores of 32 bytes need, and as many for string instructions.
    public static final int UNDO = ENTRY_CACHES + (1 + ADDRESS_SPACES) * CodeEntries.BYTES, UNDO_STRIDE = 32,
            UNDO_ENTRIES = 1 << 14;
    public static final int PAGE_MARKS = UNDO + UNDO_ENTRIES * UNDO_STRIDE;
    static final int END = PAGE_MARKS + PageMarks.BYTES;
    public static final int REQUEST_MASK = 2000;
    public static final int HOST_MXCSR = 2004;
    public static final int FLAGS_RAW = 2008;
    public static final int ENTRIES = 2024;
    public static final int INSTRUCTIONS = 2040;
    public static final int SPILL = 2048;
    public static final int VECTORS = 2012, VECTORS_USABLE = 1, VECTORS_WIDE_USABLE = 2, VECTORS_LOADED = 4,
            VECTORS_WIDE = 8;
    public static final int UNDO_AT = 2072;
    public static final int PIECES_LEFT = 2016;

    // Of a TLB and its entries, for emitted code; see Tlb.
    public static final int TLB_READ = Tlb.READ, TLB_WRITE = Tlb.WRITE;
    public static final int TLB_HOST = Tlb.HOST, TLB_ADDEND = Tlb.ADDEND;
    public static final int TLB_INDEX_SHIFT = Tlb.INDEX_SHIFT;
    public static final int TLB_INDEX_MASK = (int) Tlb.INDEX_MASK;
    public static final int TLB_BYTES = Tlb.BYTES, TLB_EXECUTABLE = Tlb.EXECUTABLE, TLB_GPAS = Tlb.GPAS,
            TLB_ENTERED = Tlb.ENTERED, TLB_ENTERED_WORDS = Tlb.ENTERED_WORDS, TLB_ENTRY_SHIFT = Tlb.ENTRY_SHIFT;
    public static final int TLB_GLOBAL = Tlb.GLOBAL, TLB_SIZE_POSITION = Tlb.SHIFT_POSITION,
            TLB_FETCHABLE = Tlb.FETCHABLE;
    /// Offsets of the entries whose empty tags are not 0, beside that at 0.
    public static final int TLB_MIDDLE = Tlb.MIDDLE << Tlb.ENTRY_SHIFT, TLB_LAST = Tlb.LAST << Tlb.ENTRY_SHIFT;
    /// An empty tag of those.
    public static final int TLB_NOT_A_PAGE = (int) Tlb.NOT_A_PAGE;
    /// Of the error code of a page fault.
    public static final int FAULT_PRESENT = PageWalker.PROTECTION, FAULT_WRITE = PageWalker.WRITE,
            FAULT_USER = PageWalker.USER, FAULT_RESERVED = PageWalker.RESERVED, FAULT_KEY = PageWalker.KEY;
    /// How close to the end of its page an access may be that is known to be in it.
    public static final int LARGEST_ACCESS = Mmu.LARGEST_ACCESS;
    public static final int PAGES_PER_GRANT_SHIFT = MemorySlot.PAGES_PER_GRANT_SHIFT;
    public static final int MARKS_LARGE = PageMarks.LARGE;
    /// Of page marks: how many kinds there are, and how large the pages are.
    public static final int PAGE_MARK_KINDS = PageMarks.BYTES / PageMarks.KIND_BYTES,
            PAGE_MARK_BITS = PageFilter.INDEX_BITS, PAGE_MARK_HASH = PageFilter.HASH,
            PAGE_MARK_HASH_SHIFT = PageFilter.HASH_SHIFT;
    /// Of an entry cache and its entries; see EntryCache.
    public static final int ENTRY_TAG = EntryCache.TAG, ENTRY_CODE = EntryCache.ENTRY;
    public static final int ENTRY_SECOND_SHIFT = EntryCache.SECOND_SHIFT;
    public static final int ENTRY_HASH_SHIFT = EntryCache.HASH_SHIFT, ENTRY_OFFSET_MASK = EntryCache.OFFSET_MASK;

    static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;

    private CpuLayout() { }

    /// The size of the pages that marks of a kind are for.
    public static int pageMarkShift(int kind) {
        return PageMarks.shift(kind);
    }

    /// Where the general register of an operand starts; `reg` 16 to 19 are AH, CH, DH, BH.
    static int gpr(int reg) {
        return reg < 16 ? GPR + 8 * reg : GPR + 8 * (reg - 16) + 1;
    }
}
