// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.javisor.vmm.pv.HvStatus.INVALID_ALIGNMENT;
import static org.javisor.vmm.pv.HvStatus.INVALID_CONNECTION_ID;
import static org.javisor.vmm.pv.HvStatus.INVALID_HYPERCALL_CODE;
import static org.javisor.vmm.pv.HvStatus.INVALID_HYPERCALL_INPUT;
import static org.javisor.vmm.pv.HvStatus.INVALID_PARAMETER;
import static org.javisor.vmm.pv.HvStatus.INVALID_PORT_ID;
import static org.javisor.vmm.pv.HvStatus.SUCCESS;

import java.util.Arrays;
import java.util.function.IntPredicate;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Hyper-V's calls. Where the specification leaves open what bad parameters get, they get what KVM gives.
///
/// Of a list of addresses the pages are forgotten one by one if they are few, else all translations.
///
/// @hyperv "Hypercall Interface", "Hypercall Reference"
public final class HvHypercalls {
    static final int FLUSH_SPACE = 0x02, FLUSH_LIST = 0x03, NOTIFY_LONG_SPIN_WAIT = 0x08, SEND_IPI = 0x0b,
            FLUSH_SPACE_EX = 0x13, FLUSH_LIST_EX = 0x14, SEND_IPI_EX = 0x15, POST_MESSAGE = 0x5c, SIGNAL_EVENT = 0x5d;
    private static final int REPS_DONE_SHIFT = 32;
    private static final long FLUSH_ALL_PROCESSORS = 1, EXTENDED_RANGES = 1 << 3;
    /// What is invalidated one by one; more is not worth it.
    private static final int MOST_PAGES = 16;
    private static final long MORE_PAGES = 0xfff;
    private static final int PAGE_SHIFT = 12;
    private static final int FIRST_VECTOR = 0x10, LAST_VECTOR = 0xff, ASSERT = 0x4000;
    private static final int MESSAGE_TYPE = 8, MESSAGE_PAYLOAD = 16, MESSAGE_BYTES = 256;
    /// A parameter of a signal, which is the flag's number beyond that of the port.
    private static final long FLAG_NUMBER = 0xffff_0000_0000L;

    private final HvPartition partition;
    private final PvMachine machine;

    public HvHypercalls(HvPartition partition) {
        this.partition = partition;
        this.machine = partition.machine();
    }

    /// Executes a call.
    ///
    /// @return the result value: the status, and from bit 32 on how many repetitions are done
    public long call(HvCall call) {
        try {
            int status = !call.reserved() && allowed(call) ? execute(call) : INVALID_HYPERCALL_INPUT;
            return status == SUCCESS ? (long) call.reps() << REPS_DONE_SHIFT : status;
        } catch (OutOfRangeException _) {
            return INVALID_HYPERCALL_INPUT;
        }
    }

    /// Whether the input value may be so: lists are given to calls that take them, and headers are as long as theirs.
    private static boolean allowed(HvCall call) {
        boolean variable = call.variableWords() != 0;
        return switch (call.code()) {
            case FLUSH_SPACE, NOTIFY_LONG_SPIN_WAIT, SEND_IPI, POST_MESSAGE, SIGNAL_EVENT ->
                    !call.repeats() && !variable;
            case FLUSH_SPACE_EX, SEND_IPI_EX -> !call.repeats();
            case FLUSH_LIST -> call.reps() != 0 && call.start() == 0 && !variable;
            case FLUSH_LIST_EX -> call.reps() != 0 && call.start() == 0;
            default -> true;
        };
    }

    private int execute(HvCall call) {
        return switch (call.code()) {
            case FLUSH_SPACE, FLUSH_LIST -> flush(call);
            case FLUSH_SPACE_EX, FLUSH_LIST_EX -> flushEx(call);
            case SEND_IPI -> sendIpi(call);
            case SEND_IPI_EX -> sendIpiEx(call);
            case POST_MESSAGE -> postMessage(call);
            case SIGNAL_EVENT -> signalEvent(call);
            case NOTIFY_LONG_SPIN_WAIT -> {
                Thread.yield();
                yield SUCCESS;
            }
            default -> INVALID_HYPERCALL_CODE;
        };
    }

    // ---- translations ----

    /// HvFlushVirtualAddressSpace and HvFlushVirtualAddressList: address space, flags, processors. As there are guests
    /// that name no processor and mean all, an empty mask does.
    private int flush(HvCall call) {
        boolean all = (call.word(8) & FLUSH_ALL_PROCESSORS) != 0 || call.word(16) == 0;
        HvVpSet who = all ? HvVpSet.ALL : HvVpSet.of(call.word(16));
        return readable(call, 24) ? forget(call, 24, who::has) : INVALID_HYPERCALL_INPUT;
    }

    /// Their extended forms: address space, flags, a set of processors.
    private int flushEx(HvCall call) {
        long flags = call.word(8);
        int header = 32 + 8 * call.variableWords();
        HvVpSet who = vpSet(call, 16, call.word(16) != HvVpSet.SPARSE);
        if (who == null || !readable(call, header)) {
            return INVALID_HYPERCALL_INPUT;
        }
        return forget(call, header, (flags & FLUSH_ALL_PROCESSORS) != 0 ? _ -> true : who::has);
    }

    /// Whether there are parameters: a header of so many bytes and a list.
    private static boolean readable(HvCall call, int header) {
        int bytes = header + 8 * call.reps();
        if (!call.fits(bytes)) {
            return false;
        }
        for (int at = 0; at < bytes; at += 8) {
            call.word(at);
        }
        return true;
    }

    private int forget(HvCall call, int header, IntPredicate who) {
        long[] pages = pages(call, header);
        if (pages == null) {
            machine.forgetTranslations(who);
        } else {
            machine.forgetTranslations(who, pages);
        }
        return SUCCESS;
    }

    /// The pages of a list, each element of which is a page and how many more follow it; null for whole address spaces,
    /// for more pages than are worth it, and for the format that has large ones.
    private static long[] pages(HvCall call, int header) {
        if (!call.repeats() || (call.word(8) & EXTENDED_RANGES) != 0) {
            return null;
        }
        long[] pages = new long[MOST_PAGES];
        int count = 0;
        for (int rep = 0; rep < call.reps(); rep++) {
            long range = call.word(header + 8 * rep);
            int more = (int) (range & MORE_PAGES);
            if (count + more >= MOST_PAGES) {
                return null;
            }
            for (int n = 0; n <= more; n++) {
                pages[count++] = (range & ~MORE_PAGES) + ((long) n << PAGE_SHIFT);
            }
        }
        return Arrays.copyOf(pages, count);
    }

    /// The set of processors at `offset`: format, mask of banks, banks. Null if it is none.
    ///
    /// @param everybody whether the format says so, as the call takes formats that there are not
    private static HvVpSet vpSet(HvCall call, int offset, boolean everybody) {
        long validBanks = call.word(offset + 8);
        int words = call.variableWords();
        if (words != Long.bitCount(validBanks) || !call.fits(offset + 16 + 8 * words)) {
            return null;
        }
        if (everybody) {
            return HvVpSet.ALL;
        }
        long[] banks = new long[words];
        for (int n = 0; n < words; n++) {
            banks[n] = call.word(offset + 16 + 8 * n);
        }
        return HvVpSet.sparse(validBanks, banks);
    }

    // ---- interrupts ----

    /// HvSendSyntheticClusterIpi: vector, processors.
    private int sendIpi(HvCall call) {
        long vector = call.word(0);
        boolean reserved = call.fast() && vector >>> 32 != 0;
        long mask = call.word(8);
        if (reserved || !legal((int) vector)) {
            return INVALID_HYPERCALL_INPUT;
        }
        int processors = Math.min(machine.processors(), Long.SIZE);
        for (int vp = 0; vp < processors; vp++) {
            if ((mask >>> vp & 1) != 0) {
                machine.interrupt(vp, (int) vector | ASSERT);
            }
        }
        return SUCCESS;
    }

    private int sendIpiEx(HvCall call) {
        int vector = (int) call.word(0);
        HvVpSet who = vpSet(call, 8, call.word(8) == HvVpSet.EVERYBODY);
        if (who == null) {
            return INVALID_HYPERCALL_INPUT;
        }
        if (who != HvVpSet.ALL && call.variableWords() == 0) {
            return SUCCESS;
        }
        if (!legal(vector)) {
            return INVALID_HYPERCALL_INPUT;
        }
        for (int vp = 0; vp < machine.processors(); vp++) {
            if (who.has(vp)) {
                machine.interrupt(vp, vector | ASSERT);
            }
        }
        return SUCCESS;
    }

    private static boolean legal(int vector) {
        return vector >= FIRST_VECTOR && vector <= LAST_VECTOR;
    }

    // ---- connections ----

    /// HvPostMessage: connection, type and size, payload. Its parameters do not fit into registers.
    private int postMessage(HvCall call) {
        if (call.fast()) {
            return INVALID_HYPERCALL_CODE;
        }
        if (call.input() % 8 != 0) {
            return INVALID_ALIGNMENT;
        }
        byte[] parameters = new byte[MESSAGE_BYTES];
        machine.memory().load(call.input(), parameters, 0, MESSAGE_BYTES);
        int type = (int) call.word(MESSAGE_TYPE);
        int bytes = (int) (call.word(MESSAGE_TYPE) >>> 32);
        if (bytes < 0 || bytes > HvMessage.PAYLOAD_BYTES) {
            return INVALID_HYPERCALL_INPUT;
        }
        if (type <= HvMessage.NONE) {
            // No type at all, or one of the hypervisor's own.
            return INVALID_PARAMETER;
        }
        int id = (int) call.word(0) & HvConnections.ID;
        HvConnections.MessagePort port = partition.connections().messages(id);
        byte[] payload = new byte[bytes];
        System.arraycopy(parameters, MESSAGE_PAYLOAD, payload, 0, bytes);
        return port == null ? INVALID_CONNECTION_ID : port.post(new HvMessage(type, id, payload));
    }

    /// HvSignalEvent: connection and flag in one word. There are no ports with several flags.
    private int signalEvent(HvCall call) {
        if (!call.fast() && !aligned(call.input())) {
            return INVALID_ALIGNMENT;
        }
        long parameter = call.word(0);
        if ((parameter & FLAG_NUMBER) != 0) {
            return INVALID_PORT_ID;
        }
        if ((parameter & ~HvConnections.ID) != 0) {
            return INVALID_HYPERCALL_INPUT;
        }
        HvConnections.EventPort port = partition.connections().events((int) parameter);
        return port == null ? INVALID_CONNECTION_ID : port.signal();
    }

    private boolean aligned(long gpa) {
        return gpa % 8 == 0 && machine.memory().backs(gpa, 8);
    }
}
