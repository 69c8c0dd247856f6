// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javisor.host.Errno;
import org.javisor.host.Ioctl;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Requests and layouts against the host's linux/kvm.h, where there is one and a compiler.
class KvmCallsTest {
    private static final Path HEADER = Path.of("/usr/include/linux/kvm.h");

    @TempDir
    private Path directory;

    /// What constants of C are, in a program that includes KVM's header.
    private List<Long> valuesInC(List<String> expressions) throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(HEADER), () -> "there is no " + HEADER);
        StringBuilder program = new StringBuilder("""
                #include <linux/kvm.h>
                #include <stddef.h>
                #include <stdio.h>
                int main(void) {
                """);
        for (String expression : expressions) {
            program.append("printf(\"%lu\\n\", (unsigned long) (").append(expression).append("));\n");
        }
        Path source = Files.writeString(directory.resolve("values.c"), program.append("return 0; }\n"));
        output("gcc", "-w", "-o", directory.resolve("values").toString(), source.toString());
        return output(directory.resolve("values").toString()).lines().map(Long::parseUnsignedLong).toList();
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        } catch (IOException e) {
            return Assumptions.abort(e.getMessage());
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertEquals(0, process.waitFor(), String.join(" ", command));
        return said;
    }

    private static <T> Map<String, T> constants(Class<?> of, Class<T> type) throws IllegalAccessException {
        Map<String, T> constants = new LinkedHashMap<>();
        for (Field field : of.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers()) && field.getType() == type) {
                constants.put(field.getName(), type.cast(field.get(null)));
            }
        }
        return constants;
    }

    @Test
    void requestsHaveTheNumbersOfTheHeader() throws Exception {
        Map<String, Ioctl> calls = constants(KvmCalls.class, Ioctl.class);
        assertTrue(calls.size() > 50);

        List<Long> inC = valuesInC(List.copyOf(calls.keySet()));

        int i = 0;
        for (Map.Entry<String, Ioctl> call : calls.entrySet()) {
            assertEquals(call.getKey(), call.getValue().name());
            assertEquals(inC.get(i++), call.getValue().request() & 0xffff_ffffL, call.getKey());
        }
    }

    @Test
    void capabilitiesHaveTheNumbersOfTheHeader() throws Exception {
        List<String> names = new ArrayList<>();
        for (KvmCapability capability : KvmCapability.values()) {
            names.add(capability.constant());
        }

        List<Long> inC = valuesInC(names);

        for (KvmCapability capability : KvmCapability.values()) {
            assertEquals(inC.get(capability.ordinal()), (long) capability.number, capability.constant());
        }
    }

    @Test
    void structuresAreLaidOutAsInTheHeader() throws Exception {
        Map<String, Integer> ours = new LinkedHashMap<>();
        ours.put("offsetof(struct kvm_run, immediate_exit)", RunLayout.IMMEDIATE_EXIT);
        ours.put("offsetof(struct kvm_run, exit_reason)", RunLayout.EXIT_REASON);
        ours.put("offsetof(struct kvm_run, ready_for_interrupt_injection)", RunLayout.READY_FOR_INTERRUPT_INJECTION);
        ours.put("offsetof(struct kvm_run, io.data_offset)", RunLayout.IO_DATA_OFFSET);
        ours.put("offsetof(struct kvm_run, io.count)", RunLayout.IO_COUNT);
        ours.put("offsetof(struct kvm_run, mmio.is_write)", RunLayout.MMIO_IS_WRITE);
        ours.put("offsetof(struct kvm_run, mmio.len)", RunLayout.MMIO_BYTES);
        ours.put("offsetof(struct kvm_run, debug.arch.dr6)", RunLayout.DEBUG_DR6);
        ours.put("offsetof(struct kvm_run, msr.data)", RunLayout.MSR_DATA);
        ours.put("offsetof(struct kvm_run, internal.data)", RunLayout.INTERNAL_DATA);
        ours.put("sizeof(struct kvm_regs)", StateLayout.REGS_BYTES);
        ours.put("offsetof(struct kvm_regs, rdi)", StateLayout.general(7));
        ours.put("offsetof(struct kvm_regs, rflags)", StateLayout.RFLAGS);
        ours.put("sizeof(struct kvm_sregs)", StateLayout.SREGS_BYTES);
        ours.put("offsetof(struct kvm_sregs, gs)", StateLayout.segment(5));
        ours.put("offsetof(struct kvm_sregs, ldt)", StateLayout.segment(6));
        ours.put("offsetof(struct kvm_sregs, efer)", StateLayout.EFER);
        ours.put("offsetof(struct kvm_segment, unusable)", StateLayout.SEGMENT_UNUSABLE);
        ours.put("sizeof(struct kvm_vcpu_events)", StateLayout.EVENTS_BYTES);
        ours.put("offsetof(struct kvm_vcpu_events, nmi.masked)", StateLayout.NMI_MASKED);
        ours.put("offsetof(struct kvm_vcpu_events, sipi_vector)", StateLayout.STARTUP_VECTOR);
        ours.put("offsetof(struct kvm_vcpu_events, smi.smm)", StateLayout.SMM_ACTIVE);
        ours.put("offsetof(struct kvm_vcpu_events, smi.pending)", StateLayout.SMI_PENDING);
        ours.put("offsetof(struct kvm_vcpu_events, smi.smm_inside_nmi)", StateLayout.SMM_INSIDE_NMI);
        ours.put("offsetof(struct kvm_vcpu_events, smi.latched_init)", StateLayout.SMM_LATCHED_INIT);
        ours.put("KVM_VCPUEVENT_VALID_SMM", StateLayout.SMM_VALID);
        ours.put("offsetof(struct kvm_sregs2, flags)", StateLayout.SREGS2_FLAGS);
        ours.put("offsetof(struct kvm_sregs2, pdptrs)", StateLayout.SREGS2_PDPTRS);
        ours.put("sizeof(struct kvm_sregs2)", StateLayout.SREGS2_BYTES);
        ours.put("sizeof(struct kvm_nested_state)", StateLayout.NESTED_BYTES);
        ours.put("offsetof(struct kvm_nested_state, size)", StateLayout.NESTED_SIZE);
        ours.put("offsetof(struct kvm_run, flags)", RunLayout.FLAGS);
        ours.put("KVM_RUN_X86_SMM", RunLayout.IN_SYSTEM_MANAGEMENT);
        ours.put("offsetof(struct kvm_run, hyperv.type)", RunLayout.HYPERV_TYPE);
        ours.put("offsetof(struct kvm_run, hyperv.u.hcall.result)", RunLayout.HYPERV_CALL_RESULT);
        ours.put("KVM_EXIT_HYPERV", RunLayout.EXIT_HYPERV);
        ours.put("KVM_EXIT_HYPERV_HCALL", RunLayout.HYPERV_CALL);
        ours.put("KVM_EXIT_SYSTEM_EVENT", RunLayout.EXIT_SYSTEM_EVENT);
        ours.put("offsetof(struct kvm_run, system_event.ndata)", RunLayout.SYSTEM_EVENT_COUNT);
        ours.put("offsetof(struct kvm_run, system_event.data)", RunLayout.SYSTEM_EVENT_DATA);
        ours.put("KVM_SYSTEM_EVENT_CRASH", RunLayout.SYSTEM_CRASH);
        ours.put("sizeof(struct kvm_guest_debug)", StateLayout.GUEST_DEBUG_BYTES);
        ours.put("sizeof(struct kvm_xcrs)", StateLayout.XCRS_BYTES);
        ours.put("sizeof(struct kvm_irqchip)", ChipLayout.CHIP_BYTES);
        ours.put("offsetof(struct kvm_irqchip, chip)", ChipLayout.CHIP_STATE);
        ours.put("KVM_IRQCHIP_PIC_SLAVE", ChipLayout.SLAVE);
        ours.put("KVM_IRQCHIP_IOAPIC", ChipLayout.IO_APIC);
        ours.put("offsetof(struct kvm_pic_state, irq_base)", ChipLayout.PIC_IRQ_BASE);
        ours.put("offsetof(struct kvm_pic_state, init4)", ChipLayout.PIC_INIT4);
        ours.put("offsetof(struct kvm_pic_state, elcr_mask)", ChipLayout.PIC_ELCR_MASK);
        ours.put("offsetof(struct kvm_ioapic_state, id)", ChipLayout.IO_APIC_ID);
        ours.put("offsetof(struct kvm_ioapic_state, irr)", ChipLayout.IO_APIC_IRR);
        ours.put("offsetof(struct kvm_ioapic_state, redirtbl)", ChipLayout.IO_APIC_TABLE);
        ours.put("sizeof(struct kvm_pit_config)", ChipLayout.PIT_CONFIG_BYTES);
        ours.put("sizeof(struct kvm_pit_state2)", ChipLayout.PIT_BYTES);
        ours.put("sizeof(struct kvm_pit_channel_state)", ChipLayout.PIT_CHANNEL_BYTES);
        ours.put("offsetof(struct kvm_pit_state2, flags)", ChipLayout.PIT_FLAGS);
        ours.put("KVM_PIT_FLAGS_SPEAKER_DATA_ON", ChipLayout.PIT_FLAGS_SPEAKER_ON);
        ours.put("offsetof(struct kvm_pit_channel_state, rw_mode)", ChipLayout.PIT_RW_MODE);
        ours.put("offsetof(struct kvm_pit_channel_state, count_load_time)", ChipLayout.PIT_COUNT_LOAD_TIME);
        ours.put("KVM_EXIT_IOAPIC_EOI", RunLayout.EXIT_IOAPIC_EOI);
        ours.put("KVM_EXIT_X86_WRMSR", RunLayout.EXIT_X86_WRMSR);
        ours.put("KVM_EXIT_DIRTY_RING_FULL", RunLayout.EXIT_DIRTY_RING_FULL);

        List<Long> inC = valuesInC(List.copyOf(ours.keySet()));

        int i = 0;
        for (Map.Entry<String, Integer> offset : ours.entrySet()) {
            assertEquals(inC.get(i++), (long) offset.getValue(), offset.getKey());
        }
    }

    @Test
    void aRefusalSaysWhichCallOnWhatAndWhatItMeans() {
        KvmException refused = new KvmException(KvmCalls.KVM_SET_USER_MEMORY_REGION, "a KVM machine",
                Errno.EEXIST.number);

        assertEquals("KVM_SET_USER_MEMORY_REGION on a KVM machine failed with EEXIST: the slot overlaps another",
                refused.getMessage());
        assertEquals("KVM_SET_USER_MEMORY_REGION", refused.call());
        assertEquals(17, refused.errno());
    }
}
