// SPDX-License-Identifier: Apache-2.0

/// A device for those who learn to write drivers, or test what is around devices.
package org.javisor.devices.edu;
