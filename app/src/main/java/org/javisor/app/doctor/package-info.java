// SPDX-License-Identifier: Apache-2.0

/// What this machine offers Javisor, found out by trying.
package org.javisor.app.doctor;
