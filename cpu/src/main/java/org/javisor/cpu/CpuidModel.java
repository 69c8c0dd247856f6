// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.javisor.isa.Feature;

/// What CPUID answers: feature bits from [CpuFeature]'s rows, the rest declared here. Immutable and shared by
/// the processors of a machine; what differs between them, or changes while they run, comes in through
/// [State].
///
/// @sdm vol. 2A "CPUID—CPU Identification"
public final class CpuidModel {
    /// The frequency of the TSC: one tick is a nanosecond.
    public static final int TSC_HZ = 1_000_000_000;
    /// The core crystal's frequency, which is also what the local APIC's timer counts. Firmware for virtual machines
    /// takes this for granted: OVMF does not ask.
    public static final int CRYSTAL_HZ = 1_000_000_000;
    /// What the ratios of frequencies are relative to.
    private static final int BUS_MHZ = 100;
    /// MAXPHYADDR unless told otherwise: 1 TiB. Firmware maps all of it before it does anything else: with 46 bits OVMF
    /// did not get further.
    public static final int PHYSICAL_ADDRESS_BITS = 40;
    public static final int MIN_PHYSICAL_ADDRESS_BITS = 36, MAX_PHYSICAL_ADDRESS_BITS = 52;

    private static final int EAX = CpuFeature.Register.EAX, EBX = CpuFeature.Register.EBX,
            ECX = CpuFeature.Register.ECX, EDX = CpuFeature.Register.EDX;

    private static final int MAX_BASIC_LEAF = 0x1f, LIMITED_LEAF = 2, LAST_FEATURE_SUBLEAF = 2;
    private static final int MAX_EXTENDED_LEAF = 0x8000_0008;
    private static final int HYPERVISOR_LEAF = 0x4000_0000;
    private static final int CACHE_LINE_BYTES = 64;
    private static final int OSXSAVE = 1 << 27, OSPKE = 1 << 4, HTT = 1 << 28;

    private static final String BRAND = "Javisor Software Processor @ 1.00GHz";
    private static final String HYPERVISOR_SIGNATURE = "JavisorJavis";

    /// What of a processor's state CPUID shows.
    interface State {
        int apicId();

        /// IA32_APIC_BASE.EN.
        boolean apicEnabled();

        /// CR4.OSXSAVE.
        boolean osXsave();

        /// CR4.PKE.
        boolean osProtectionKeys();

        /// How fast the time stamp counter is.
        int tscKhz();

        long xcr0();

        long xss();

        /// Whether the code that asks runs in 64-bit mode.
        boolean in64BitMode();

        /// IA32_MISC_ENABLE: whether there are to be no basic leaves beyond 2.
        boolean leavesLimited();

        /// IA32_MISC_ENABLE: whether NX is not to be announced.
        boolean executeDisableOff();
    }

    /// Collects what a configuration changes.
    public static final class Builder {
        private final Set<CpuFeature> offered = EnumSet.allOf(CpuFeature.class);
        private int cpus = 1;
        private CpuVendor vendor = CpuVendor.INTEL;
        private int physicalAddressBits = PHYSICAL_ADDRESS_BITS;
        private HypervisorLeaves hypervisorLeaves = CpuidModel::name;

        private Builder() { }

        public Builder vendor(CpuVendor maker) {
            vendor = maker;
            return this;
        }

        /// MAXPHYADDR.
        public Builder physicalAddressBits(int bits) {
            if (bits < MIN_PHYSICAL_ADDRESS_BITS || bits > MAX_PHYSICAL_ADDRESS_BITS) {
                throw new IllegalArgumentException(bits + " bits of physical addresses: "
                        + MIN_PHYSICAL_ADDRESS_BITS + " to " + MAX_PHYSICAL_ADDRESS_BITS + " are possible");
            }
            physicalAddressBits = bits;
            return this;
        }

        /// How many processors, with APIC ids from 0 on, the package has.
        public Builder cpus(int count) {
            if (count < 1 || count > 255) {
                throw new IllegalArgumentException(count + " processors: 1 to 255 are possible");
            }
            cpus = count;
            return this;
        }

        /// Takes a feature away, and those that need it.
        public Builder without(CpuFeature feature) {
            offered.remove(feature);
            while (offered.removeIf(f -> !f.supportedBy(offered))) {
                // Each round removes what the one before left without support.
            }
            return this;
        }

        public CpuidModel build() {
            return new CpuidModel(this);
        }
    }

    private final int cpus;
    private final CpuVendor vendor;
    private final int physicalAddressBits;
    private final Set<CpuFeature> offered;
    private final Set<Feature> instructions = EnumSet.of(Feature.BASE);
    private final byte[] brand = padded(BRAND, 48);
    private final HypervisorLeaves hypervisorLeaves;

    private CpuidModel(Builder builder) {
        cpus = builder.cpus;
        vendor = builder.vendor;
        physicalAddressBits = builder.physicalAddressBits;
        offered = Collections.unmodifiableSet(offered(builder));
        offered.forEach(feature -> instructions.addAll(feature.instructions()));
        hypervisorLeaves = builder.hypervisorLeaves;
    }

    /// Performance monitoring is of Intel's kind.
    private static Set<CpuFeature> offered(Builder builder) {
        Set<CpuFeature> features = EnumSet.copyOf(builder.offered);
        if (builder.vendor != CpuVendor.INTEL) {
            features.remove(CpuFeature.PDCM);
        }
        return features;
    }

    /// The same processor, with a hypervisor that says more of itself.
    public CpuidModel with(HypervisorLeaves leaves) {
        Builder builder = builder().cpus(cpus).vendor(vendor).physicalAddressBits(physicalAddressBits);
        builder.offered.clear();
        builder.offered.addAll(offered);
        builder.hypervisorLeaves = leaves;
        return builder.build();
    }

    public static Builder builder() {
        return new Builder();
    }

    private static byte[] padded(String text, int bytes) {
        return Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), bytes);
    }

    /// How many processors the package has.
    public int cpus() {
        return cpus;
    }

    public CpuVendor vendor() {
        return vendor;
    }

    public boolean has(CpuFeature feature) {
        return offered.contains(feature);
    }

    /// Whether the instructions of `feature` are defined.
    public boolean has(Feature feature) {
        return instructions.contains(feature);
    }

    /// The feature bits that it offers in one register of a leaf.
    ///
    /// @param register 0 to 3: EAX, EBX, ECX, EDX
    public int featureBits(int leaf, int subleaf, int register) {
        int bits = 0;
        for (CpuFeature feature : offered) {
            if (feature.leaf == leaf && feature.subleaf == subleaf && feature.register == register) {
                bits |= 1 << feature.bit;
            }
        }
        return bits;
    }

    /// Whether a leaf tells of features: they are then all of what [#featureBits] speaks of.
    public static boolean tellsOfFeatures(int leaf, int subleaf) {
        return Arrays.stream(CpuFeature.values()).anyMatch(f -> f.leaf == leaf && f.subleaf == subleaf);
    }

    /// What XCR0 may hold.
    public long xcr0Supported() {
        return XsaveLayout.XCR0_SUPPORTED & ~(has(CpuFeature.AVX) ? 0 : XsaveLayout.AVX)
                & ~(has(CpuFeature.PKU) ? 0 : XsaveLayout.PKRU);
    }

    /// What IA32_XSS may hold.
    long xssSupported() {
        return has(CpuFeature.CET_SS) ? XsaveLayout.XSS_SUPPORTED : 0;
    }

    /// MAXPHYADDR.
    public int physicalAddressBits() {
        return physicalAddressBits;
    }

    /// 57 or 48: how many bits a linear address can have.
    int linearAddressBits() {
        return has(CpuFeature.LA57) ? 57 : 48;
    }

    /// Answers one CPUID into `answer`: EAX, EBX, ECX, EDX. A leaf beyond the last, basic or extended, gets
    /// the last basic leaf's answer.
    void query(int leaf, int subleaf, State state, int[] answer) {
        answer[EAX] = answer[EBX] = answer[ECX] = answer[EDX] = 0;
        int known = knownLeaf(leaf, state.leavesLimited() ? LIMITED_LEAF : MAX_BASIC_LEAF);
        features(known, subleaf, answer);
        if (known < 0) {
            extended(known, state, answer);
        } else if (known >= HYPERVISOR_LEAF) {
            hypervisorLeaves.answer(known, subleaf, answer);
        } else {
            basic(known, subleaf, state, answer);
        }
    }

    private int knownLeaf(int leaf, int lastBasic) {
        boolean hypervisor = leaf >= HYPERVISOR_LEAF && leaf < HYPERVISOR_LEAF + 0x1000_0000;
        if (hypervisor && has(CpuFeature.HYPERVISOR)) {
            return leaf;
        }
        int last = leaf < 0 ? MAX_EXTENDED_LEAF : lastBasic;
        return Integer.compareUnsigned(leaf, last) > 0 ? lastBasic : leaf;
    }

    private void features(int leaf, int subleaf, int[] answer) {
        for (CpuFeature feature : offered) {
            if (feature.leaf == leaf && (feature.subleaf == subleaf || leaf != 7 && leaf != 0xd)) {
                answer[feature.register] |= 1 << feature.bit;
            }
        }
    }

    private void basic(int leaf, int subleaf, State state, int[] answer) {
        switch (leaf) {
            case 0 -> {
                answer[EAX] = state.leavesLimited() ? LIMITED_LEAF : MAX_BASIC_LEAF;
                text(vendor.name.substring(0, 4), EBX, answer);
                text(vendor.name.substring(4, 8), EDX, answer);
                text(vendor.name.substring(8), ECX, answer);
            }
            case 1 -> processor(state, answer);
            // One descriptor of "TLBs are in leaf 0x18", one of "caches are in leaf 4", and the 64-byte
            // prefetch.
            case 2 -> set(answer, 0x00fe_ff01, 0xf0, 0, 0);
            case 4 -> cache(subleaf, answer);
            case 7 -> {
                if (subleaf == 0) {
                    answer[EAX] = LAST_FEATURE_SUBLEAF;
                    answer[ECX] |= has(CpuFeature.PKU) && state.osProtectionKeys() ? OSPKE : 0;
                }
            }
            case 0xa -> monitoring(answer);
            case 0xb, 0x1f -> topology(subleaf, state, answer);
            case 0xd -> extendedState(subleaf, state, answer);
            case 0x15 -> clocks(state.tscKhz(), answer);
            case 0x16 -> set(answer, state.tscKhz() / 1000, state.tscKhz() / 1000, BUS_MHZ, 0);
            default -> { }
        }
    }

    /// Says nothing of a frequency whose ratio to the crystal's is no simple one: Linux multiplies in 32 bits, and
    /// measures what it is not told.
    private static void clocks(int tscKhz, int[] answer) {
        int crystalKhz = CRYSTAL_HZ / 1000;
        int divisor = BigInteger.valueOf(crystalKhz).gcd(BigInteger.valueOf(tscKhz)).intValue();
        int numerator = tscKhz / divisor;
        if ((long) crystalKhz * numerator <= 0xffff_ffffL) {
            set(answer, crystalKhz / divisor, numerator, CRYSTAL_HZ, 0);
        }
    }

    /// All seven architectural events are available.
    private void monitoring(int[] answer) {
        if (has(CpuFeature.PDCM)) {
            set(answer, PerformanceMonitor.VERSION | PerformanceMonitor.GENERAL << 8 | PerformanceMonitor.WIDTH << 16
                    | 7 << 24, 0, 0, PerformanceMonitor.FIXED | PerformanceMonitor.WIDTH << 5);
        }
    }

    private void processor(State state, int[] answer) {
        answer[EAX] = vendor.signature;
        answer[EBX] = state.apicId() << 24 | (1 << coreIdBits()) << 16 | CACHE_LINE_BYTES / 8 << 8;
        if (has(CpuFeature.XSAVE) && state.osXsave()) {
            answer[ECX] |= OSXSAVE;
        }
        if (!state.apicEnabled()) {
            answer[EDX] &= ~(1 << CpuFeature.APIC.bit);
        }
        if (cpus > 1) {
            answer[EDX] |= HTT;
        }
    }

    /// Leaf 4: first-level data and instruction caches and the second level are a core's own, the third is
    /// shared.
    private void cache(int subleaf, int[] answer) {
        switch (subleaf) {
            case 0 -> cache(1, 1, 32 << 10, 8, 0, answer);
            case 1 -> cache(2, 1, 32 << 10, 8, 0, answer);
            case 2 -> cache(3, 2, 1 << 20, 16, 0, answer);
            case 3 -> cache(3, 3, 16 << 20, 16, coreIdBits(), answer);
            default -> { }
        }
    }

    private void cache(int type, int level, int bytes, int ways, int sharingBits, int[] answer) {
        int selfInitializing = 1 << 8;
        int sets = bytes / ways / CACHE_LINE_BYTES;
        set(answer, type | level << 5 | selfInitializing | (1 << sharingBits) - 1 << 14
                | (1 << coreIdBits()) - 1 << 26, ways - 1 << 22 | CACHE_LINE_BYTES - 1, sets - 1, 0);
    }

    /// How many low bits of an APIC id name the core in its package.
    private int coreIdBits() {
        return Integer.SIZE - Integer.numberOfLeadingZeros(cpus - 1);
    }

    /// Leaves 0xB and 0x1F: one thread a core, all cores in one package.
    private void topology(int subleaf, State state, int[] answer) {
        switch (subleaf) {
            case 0 -> set(answer, 0, 1, 1 << 8, 0);
            case 1 -> set(answer, coreIdBits(), cpus, 2 << 8 | 1, 0);
            default -> set(answer, 0, 0, subleaf & 0xff, 0);
        }
        answer[EDX] = state.apicId();
    }

    private void extendedState(int subleaf, State state, int[] answer) {
        if (!has(CpuFeature.XSAVE)) {
            answer[EAX] = 0;
            return;
        }
        switch (subleaf) {
            case 0 -> set(answer, (int) xcr0Supported(), XsaveLayout.standardBytes(state.xcr0()),
                    XsaveLayout.standardBytes(xcr0Supported()), (int) (xcr0Supported() >>> 32));
            case 1 -> {
                long enabled = has(CpuFeature.XSAVES) ? state.xcr0() | state.xss() : state.xcr0();
                answer[EBX] = has(CpuFeature.XSAVEC) ? XsaveLayout.compactedBytes(enabled) : 0;
                answer[ECX] = (int) xssSupported();
                answer[EDX] = (int) (xssSupported() >>> 32);
            }
            default -> component(subleaf, answer);
        }
    }

    private void component(int number, int[] answer) {
        for (XsaveLayout.Component component : XsaveLayout.COMPONENTS) {
            boolean supported = ((xcr0Supported() | xssSupported()) & component.mask()) != 0;
            if (component.number() == number && supported) {
                set(answer, component.bytes(), component.offset(),
                        (component.supervisor() ? 1 : 0) | (component.aligned() ? 2 : 0), 0);
            }
        }
    }

    private void extended(int leaf, State state, int[] answer) {
        switch (leaf) {
            case 0x8000_0000 -> answer[EAX] = MAX_EXTENDED_LEAF;
            case 0x8000_0001 -> {
                if (!state.in64BitMode() && !vendor.syscallOutside64BitMode()) {
                    answer[EDX] &= ~(1 << CpuFeature.SYSCALL.bit);
                }
                if (state.executeDisableOff()) {
                    answer[EDX] &= ~(1 << CpuFeature.NX.bit);
                }
            }
            case 0x8000_0002, 0x8000_0003, 0x8000_0004 -> brand((leaf - 0x8000_0002) * 16, answer);
            // Second-level cache: KiB, associativity code 8 (16 ways), line size.
            case 0x8000_0006 -> answer[ECX] = 1 << 10 << 16 | 8 << 12 | CACHE_LINE_BYTES;
            case 0x8000_0008 -> answer[EAX] = linearAddressBits() << 8 | physicalAddressBits;
            default -> { }
        }
    }

    private void brand(int from, int[] answer) {
        for (int i = 0; i < 16; i++) {
            answer[i / 4] |= (brand[from + i] & 0xff) << 8 * (i % 4);
        }
    }

    /// What a hypervisor without an interface for guests says.
    private static void name(int leaf, int subleaf, int[] answer) {
        if (leaf != HYPERVISOR_LEAF) {
            return;
        }
        answer[EAX] = HYPERVISOR_LEAF;
        text(HYPERVISOR_SIGNATURE.substring(0, 4), EBX, answer);
        text(HYPERVISOR_SIGNATURE.substring(4, 8), ECX, answer);
        text(HYPERVISOR_SIGNATURE.substring(8), EDX, answer);
    }

    private static void text(String four, int register, int[] answer) {
        answer[register] = HypervisorLeaves.text(four);
    }

    private static void set(int[] answer, int eax, int ebx, int ecx, int edx) {
        answer[EAX] = eax;
        answer[EBX] = ebx;
        answer[ECX] = ecx;
        answer[EDX] = edx;
    }
}
