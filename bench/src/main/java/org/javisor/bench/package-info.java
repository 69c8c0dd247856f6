// SPDX-License-Identifier: Apache-2.0

/// JMH benchmarks: [InterpreterBench] is the one that the processor's speed is judged by.
package org.javisor.bench;
