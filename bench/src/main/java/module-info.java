// SPDX-License-Identifier: Apache-2.0

/// JMH benchmarks.
module org.javisor.bench {
    requires org.javisor.machine;
    requires java.management;
    requires jdk.management;
    requires jmh.core;
}
