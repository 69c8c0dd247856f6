// SPDX-License-Identifier: Apache-2.0
/// Boot protocols: how a kernel file gets into guest memory and in what state the first processor enters it.
///
/// Each protocol is one class that checks the file, places what the kernel expects and returns an [EntryState]. Nothing
/// here knows a processor.
package org.javisor.machine.boot;
