package pkgdef

import "usmtpkg/locate/winname"

// packageKeys begins with other names of flags, which usmtpkg.yaml may have at its top too.
func packageKeys() []Key {
	return []Key{
		{Name: "name", Kind: Text, Min: 1, Max: MaxName, Example: `"` + DefaultName + `"`, Flag: "name", Source: smsPage, pattern: smsText,
			Help: "The package's name in the console."},
		{Name: "manufacturer", Kind: Text, Min: 1, Max: MaxManufacturer, Example: `"` + DefaultManufacturer + `"`, Flag: "manufacturer", Source: smsPage, pattern: smsText,
			Help: "The package's manufacturer."},
		{Name: "language", Kind: Text, Min: 1, Max: MaxLanguage, Example: DefaultLanguage, Flag: "language", Source: smsPage, pattern: smsText,
			Help: "The package's language."},
		{Name: "version", Kind: Text, Min: 1, Max: MaxVersion, Example: `"10.0.26100.1"`, Flag: "package-version", Source: smsPage, pattern: smsText,
			Help: "The package's version; by default the version of USMT."},
		{Name: "comment", Kind: Text, Min: 1, Max: MaxComment, Example: `"USMT for Windows 11"`, Flag: "comment", Source: smsPage, pattern: smsText,
			Help: "The package's description; by default version, arches and release. From it, Publish-UsmtPackage.ps1 sees whether its last run finished."},
		{Name: "program", Kind: Enum, Values: []string{string(ProgramPlaceholder), string(ProgramNone)}, Example: string(ProgramPlaceholder), Flag: "program", Source: smsPage,
			Help: "The program that USMT.sms declares. Whether the console imports a package with none is not proven."},
		{Name: "path", Kind: Text, Min: 3, Max: winname.MaxFolder, Example: `'\\cm01.contoso.com\Sources$\OSD\USMT'`, Flag: "package-path", Source: "", pattern: sourcePath,
			Help: `The library as the site server sees it: \\server\share\folder.`},
		{Name: "distributionPointGroups", Kind: TextList, Min: 1, Max: maxText, Example: `["All distribution points"]`, Source: ourLimit,
			Help:  "Distribution point groups for the package.",
			field: func(s *Settings) any { return &s.Package.DistributionPointGroups }},
		{Name: "distributionPoints", Kind: TextList, Min: 1, Max: maxText, Example: `[dp01.contoso.com]`, Source: ourLimit, pattern: computerName,
			Help:  "Distribution points for the package, by the names in the console.",
			field: func(s *Settings) any { return &s.Package.DistributionPoints }},
		{Name: "taskSequences", Kind: TextList, Min: 1, Max: maxText, Example: `["Windows 11 24H2", P0100123]`, Source: ourLimit,
			Help:  "Task sequences, by name or package ID, whose Capture User State and Restore User State steps get the package.",
			field: func(s *Settings) any { return &s.Package.TaskSequences }},
		{Name: "wait", Kind: Bool, Default: "false", Source: ourLimit,
			Help:  "Wait until every distribution point has the new version.",
			field: func(s *Settings) any { return &s.Package.Wait }},
		{Name: "timeoutMinutes", Kind: Int, Min: 1, Max: 10080, Unit: "minutes", Default: "60", Source: ourLimit,
			Help:  "How long to wait at most.",
			field: func(s *Settings) any { return &s.Package.TimeoutMinutes }},
		{Name: "validate", Kind: Bool, Default: "false", Source: cmdletPages + "invoke-cmcontentvalidation",
			Help:  "Then have the distribution points validate the content.",
			field: func(s *Settings) any { return &s.Package.Validate }},
	}
}

func captureKeys() []Key {
	return []Key{
		{Name: "mode", Kind: Enum, Values: []string{ModeStandard, ModeCustomize}, Default: ModeStandard, Source: captureClass,
			Help:  "standard captures all profiles with MigDocs.xml and MigApp.xml; customize uses the files in configFiles instead.",
			field: func(s *Settings) any { return &s.Capture.Mode }},
		{Name: "configFiles", Kind: TextList, Min: 1, Max: maxText, Example: `[MigApp.xml, MigDocs.xml, MigCustom.xml]`, Source: captureClass, pattern: fileName,
			Help:  "Migration XML files, each in every arch folder of the package; only with mode customize.",
			field: func(s *Settings) any { return &s.Capture.ConfigFiles }},
		{Name: "fileAccess", Kind: Enum, Values: []string{FileAccessNormal, FileAccessVSS}, Default: FileAccessNormal, Source: captureClass,
			Help:  "How ScanState reads files: from the file system, or from a volume shadow copy.",
			field: func(s *Settings) any { return &s.Capture.FileAccess }},
		{Name: "continueOnLockedFiles", Kind: Bool, Default: "true", Source: captureClass,
			Help:  "Continue if some files cannot be captured; only with fileAccess normal, ignored with vss.",
			field: func(s *Settings) any { return &s.Capture.ContinueOnLockedFiles }},
		{Name: "hardLinks", Kind: Bool, Default: "false", Source: captureClass,
			Help:  "Keep the state on the same disk with hard links. This excludes a state migration point: set stateStore.localPath.",
			field: func(s *Settings) any { return &s.Capture.HardLinks }},
		{Name: "offline", Kind: Bool, Default: "false", Source: captureClass,
			Help:  "Capture in Windows PE; only with fileAccess normal.",
			field: func(s *Settings) any { return &s.Capture.Offline }},
		{Name: "skipEncryptedFiles", Kind: Bool, Default: "false", Source: captureClass,
			Help:  "Leave out files that are encrypted with EFS.",
			field: func(s *Settings) any { return &s.Capture.SkipEncryptedFiles }},
		{Name: "verboseLogging", Kind: Bool, Default: "false", Source: captureClass,
			Help:  "Write a detailed ScanState.log.",
			field: func(s *Settings) any { return &s.Capture.VerboseLogging }},
		{Name: "continueOnError", Kind: Bool, Default: "false", Source: stepsPage + "#BKMK_ReleaseStateStore",
			Help: "Continue the task sequence if the step fails. Microsoft says to set this for every step between Request and Release State Store. " +
				"But then later steps, such as formatting the disk, also run after a failed capture.",
			field: func(s *Settings) any { return &s.Capture.ContinueOnError }},
	}
}

func restoreKeys() []Key {
	return []Key{
		{Name: "mode", Kind: Enum, Values: []string{ModeStandard, ModeCustomize}, Default: ModeStandard, Source: restoreClass,
			Help:  "standard restores all captured profiles; customize restores what the files in configFiles say.",
			field: func(s *Settings) any { return &s.Restore.Mode }},
		{Name: "configFiles", Kind: TextList, Min: 1, Max: maxText, Example: `[MigApp.xml, MigDocs.xml, MigCustom.xml]`, Source: restoreClass, pattern: fileName,
			Help:  "Migration XML files, each in every arch folder of the package; only with mode customize.",
			field: func(s *Settings) any { return &s.Restore.ConfigFiles }},
		{Name: "continueOnFiles", Kind: Bool, Default: "true", Source: restoreClass,
			Help:  "Continue if some files cannot be restored (ContinueOnRestore).",
			field: func(s *Settings) any { return &s.Restore.ContinueOnFiles }},
		{Name: "localAccounts", Kind: Bool, Default: "false", Source: restoreClass,
			Help: "Restore the profiles of local accounts, with a new password that you give the script when it runs. " +
				"Without it, restoring a standard capture of a computer with local accounts fails.",
			field: func(s *Settings) any { return &s.Restore.LocalAccounts }},
		{Name: "verboseLogging", Kind: Bool, Default: "false", Source: restoreClass,
			Help:  "Write a detailed LoadState.log.",
			field: func(s *Settings) any { return &s.Restore.VerboseLogging }},
		{Name: "continueOnError", Kind: Bool, Default: "false", Source: stepsPage + "#BKMK_ReleaseStateStore",
			Help: "Continue the task sequence if the step fails. Microsoft says to set this for every step between Request and Release State Store. " +
				"But then the state is released after a failed restore too, and the time of deleteAfter starts.",
			field: func(s *Settings) any { return &s.Restore.ContinueOnError }},
	}
}

func stateStoreKeys() []Key {
	return []Key{
		{Name: "smpRetryCount", Kind: Int, Min: 0, Max: 30, Unit: "times", Default: "3",
			Source: requestClass + " (range; no default is documented, 3 is that of the cmdlet's example)",
			Help:   "How many times to look for a state migration point again.",
			field:  func(s *Settings) any { return &s.StateStore.SMPRetryCount }},
		{Name: "smpRetryTime", Kind: Int, Min: 0, Max: 600, Unit: "seconds", Default: "60",
			Source: requestClass + " (range; no default is documented, 60 is that of the cmdlet's example)",
			Help:   "How long to wait before looking again.",
			field:  func(s *Settings) any { return &s.StateStore.SMPRetryTime }},
		{Name: "fallbackToNetworkAccessAccount", Kind: Bool, Default: "false", Source: requestClass,
			Help: "Use the network access account if the computer account cannot reach the state migration point. " +
				"With it, other computers could read the state.",
			field: func(s *Settings) any { return &s.StateStore.FallbackToAccessAccount }},
		{Name: "localPath", Kind: Text, Min: 0, Max: winname.MaxFolder, Example: `'%_SMSTSUserStatePath%'`, Source: stepsPage, pattern: localStore,
			Help: "Keep the state in this folder on the client itself (OSDStateStorePath) instead of on a state migration point. " +
				"Applying an image does not delete the folder that %_SMSTSUserStatePath% names.",
			field: func(s *Settings) any { return &s.StateStore.LocalPath }},
	}
}

func smpKeys() []Key {
	return []Key{
		{Name: "server", Kind: Text, Min: 0, Max: maxText, Example: "smp01.contoso.com", Source: cmdletPages + "add-cmstatemigrationpoint", pattern: computerName,
			Help:  "The site system server. Without it, Install-StateMigrationPoint.ps1 is not written.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.Server }},
		{Name: "siteCode", Kind: Text, Min: 0, Max: 3, Example: "P01", Source: cmdletPages + "add-cmstatemigrationpoint", pattern: siteCode,
			Help:  "The site of the server, primary or secondary; by default the site that the script is connected to.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.SiteCode }},
		{Name: "folders", Kind: FolderList, Source: cmdletPages + "new-cmstoragefolder", Items: folderKeys(),
			Help:  "The folders for user state, on writable fixed drives.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.Folders }},
		{Name: "deleteAfter", Kind: Int, Min: 0, Max: 9999, Default: "1", Source: smpPage + " (" + ourLimit + ")",
			Help:  "How long to keep state after the restore released it (Release State Store), in deleteAfterUnit; 0 deletes it at once.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.DeleteAfter }},
		{Name: "deleteAfterUnit", Kind: Enum, Values: []string{UnitHours, UnitDays}, Default: UnitDays, Source: cmdletPages + "add-cmstatemigrationpoint",
			Help:  "The unit of deleteAfter.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.DeleteAfterUnit }},
		{Name: "restoreOnly", Kind: Bool, Default: "false", Source: cmdletPages + "add-cmstatemigrationpoint",
			Help:  "Only restore, store nothing new: for a role that is being replaced.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.RestoreOnly }},
		{Name: "boundaryGroups", Kind: TextList, Min: 1, Max: maxText, Example: `["Head office"]`, Source: ourLimit,
			Help:  "Boundary groups whose clients may use the role. Their fallback relationships do not apply to it.",
			field: func(s *Settings) any { return &s.StateMigrationPoint.BoundaryGroups }},
	}
}

// folderKeys returns those of one storage folder; each of them must be given.
func folderKeys() []Key {
	const source = cmdletPages + "new-cmstoragefolder"
	return []Key{
		{Name: "path", Kind: Text, Min: 3, Max: winname.MaxFolder, Example: `'D:\USMTStore'`, Source: source, pattern: localFolder,
			Help: "A local path on the server.",
			item: func(f *StorageFolder) any { return &f.Path }},
		{Name: "maxClients", Kind: Int, Min: 1, Max: 99999, Unit: "clients", Example: "100", Source: source,
			Help: "How many clients may have state in the folder.",
			item: func(f *StorageFolder) any { return &f.MaxClients }},
		{Name: "minFreeSpace", Kind: Int, Min: 1, Max: 99999, Example: "100", Source: source,
			Help: "The space to keep free, in minFreeSpaceUnit; at most 100 if that is percent.",
			item: func(f *StorageFolder) any { return &f.MinFreeSpace }},
		{Name: "minFreeSpaceUnit", Kind: Enum, Values: []string{UnitMegabyte, UnitGigabyte, UnitPercent}, Example: UnitMegabyte, Source: source,
			Help: "The unit of minFreeSpace.",
			item: func(f *StorageFolder) any { return &f.MinFreeSpaceUnit }},
	}
}
