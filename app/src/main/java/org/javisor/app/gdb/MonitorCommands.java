// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.nio.file.Path;
import java.util.Locale;
import org.javisor.machine.Machine;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VcpuStats;

/// What `monitor` commands answer.
final class MonitorCommands {
    private static final String HELP = """
            monitor cpus                what each vCPU is about to do
            monitor registers           control and segment registers, tables, of the current thread
            monitor msr INDEX [VALUE]   shows or sets a model-specific register
            monitor translate ADDRESS   guest-physical address of a linear one
            monitor physical on|off     whether addresses in memory commands are guest-physical
            monitor nmi                 sends an NMI to the current thread
            monitor smi                 sends a system management interrupt to the current thread
            monitor mce BANK STATUS [MCG-STATUS [ADDRESS [MISC]]]
                                        reports a hardware error to the current thread, and to the others if uncorrected
            monitor power-button        presses the power button
            monitor cd DRIVE FILE       puts another medium into a CD drive, 0 the first; without FILE, none
            monitor eject DRIVE         presses the button of a CD drive
            monitor stats               what the processors did so far
            """;
    /// Linux's scripts ask for `info version`: whoever answers has processors for threads, which is all they want.
    private static final String INFO = "Javisor\n";
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};

    private final Machine machine;
    private final GuestView view;

    MonitorCommands(Machine machine, GuestView view) {
        this.machine = machine;
        this.view = view;
    }

    /// @param vcpu of the client's current thread
    String answer(Vcpu vcpu, String line) {
        String[] words = line.strip().split("\\s+");
        try {
            return switch (words[0].toLowerCase(Locale.ROOT)) {
                case "cpus" -> cpus();
                case "registers" -> registers(vcpu.registers());
                case "msr" -> msr(vcpu.registers(), words);
                case "translate" -> translate(vcpu, number(words, 1));
                case "physical" -> physical(words);
                case "nmi" -> {
                    vcpu.injectNmi();
                    yield "";
                }
                case "smi" -> {
                    vcpu.injectSmi();
                    yield "";
                }
                case "mce" -> {
                    machine.vm().injectMachineCheck(vcpu.id(), new MachineCheckError((int) number(words, 1),
                            number(words, 2), number(words, 3, 0), number(words, 4, 0), number(words, 5, 0)), true);
                    yield "";
                }
                case "power-button" -> {
                    machine.pressPowerButton();
                    yield "";
                }
                case "cd" -> {
                    machine.changeCd((int) number(words, 1), words.length > 2 ? Path.of(words[2]) : null);
                    yield "";
                }
                case "eject" -> {
                    machine.pressEject((int) number(words, 1));
                    yield "";
                }
                case "stats" -> stats(machine.stats());
                case "info" -> INFO;
                default -> HELP;
            };
        } catch (IllegalArgumentException | ConfigurationException e) {
            return e.getMessage() + "\n";
        }
    }

    private static long number(String[] words, int index, long absent) {
        return index >= words.length ? absent : number(words, index);
    }

    private static long number(String[] words, int index) {
        if (index >= words.length) {
            throw new IllegalArgumentException(words[0] + " needs a number");
        }
        try {
            String digits = words[index].toLowerCase(Locale.ROOT);
            return digits.startsWith("0x") ? Long.parseUnsignedLong(digits.substring(2), 16)
                    : Long.parseUnsignedLong(digits);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a number: " + words[index], e);
        }
    }

    private String cpus() {
        StringBuilder text = new StringBuilder();
        for (Vcpu vcpu : machine.vm().vcpus()) {
            Registers registers = vcpu.registers();
            text.append(String.format("vCPU %d: RIP 0x%x CPL %d CR3 0x%x%n", vcpu.id(), registers.rip(),
                    registers.cpl(), registers.paging().cr3()));
        }
        return text.toString();
    }

    private static String registers(Registers registers) {
        StringBuilder text = new StringBuilder();
        Registers.Paging paging = registers.paging();
        text.append(String.format("CR0 0x%x CR2 0x%x CR3 0x%x CR4 0x%x CR8 %d EFER 0x%x CPL %d%n", paging.cr0(),
                registers.cr2(), paging.cr3(), paging.cr4(), registers.cr8(), paging.efer(), registers.cpl()));
        for (int number = Registers.ES; number <= Registers.TR; number++) {
            Registers.Segment segment = registers.segment(number);
            text.append(String.format("%-4s %04x base 0x%016x limit 0x%08x attributes 0x%05x%n", SEGMENTS[number],
                    segment.selector(), segment.base(), segment.limit(), segment.attributes()));
        }
        text.append(String.format("GDT  0x%016x limit 0x%04x%nIDT  0x%016x limit 0x%04x%n", registers.gdt().base(),
                registers.gdt().limit(), registers.idt().base(), registers.idt().limit()));
        for (int number : new int[] {0, 1, 2, 3, 6, 7}) {
            text.append(String.format("DR%d 0x%x%s", number, registers.debug(number), number == 7 ? "\n" : " "));
        }
        return text.toString();
    }

    private static String msr(Registers registers, String[] words) {
        int index = (int) number(words, 1);
        if (words.length > 2) {
            registers.msr(index, number(words, 2));
        }
        return String.format("MSR 0x%x = 0x%x%n", index, registers.msr(index));
    }

    private static String translate(Vcpu vcpu, long address) {
        long gpa = vcpu.translate(address);
        return gpa == -1 ? "not mapped\n" : String.format("0x%x%n", gpa);
    }

    private String physical(String[] words) {
        if (words.length > 1) {
            view.physical(words[1].equals("on"));
        }
        return "addresses are " + (view.physical() ? "guest-physical\n" : "linear\n");
    }

    private static String stats(VcpuStats stats) {
        StringBuilder text = new StringBuilder();
        stats.exits().forEach((reason, count) -> text.append(String.format("%-14s %d%n", reason, count)));
        return text.append(String.format("%-14s %d%n", "instructions", stats.instructions())).toString();
    }
}
