// SPDX-License-Identifier: Apache-2.0

/// JMH benchmarks and side-by-side runs.
module org.javisor.bench {
    requires org.javisor.machine;
    requires jmh.core;
}
