package main

import (
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// readMachine reads what the scripts need of this machine.
func readMachine(getenv func(string) string) *machine {
	const (
		policies    = `SOFTWARE\Policies\Microsoft\Windows\PowerShell`
		preferences = `SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell`
		workstation = 1 // VER_NT_WORKSTATION
	)
	usual := "RemoteSigned"
	if windows.RtlGetVersion().ProductType == workstation {
		usual = "Restricted"
	}
	return &machine{console: getenv("SMS_ADMIN_UI_PATH"), policies: []executionPolicy{
		{scope: "Group Policy for the computer", value: groupPolicy(registry.LOCAL_MACHINE, policies), group: true},
		{scope: "Group Policy for the user", value: groupPolicy(registry.CURRENT_USER, policies), group: true},
		{scope: "this session", value: getenv("PSExecutionPolicyPreference")},
		{scope: "the user", value: policyValue(registry.CURRENT_USER, preferences)},
		{scope: "the computer", value: policyValue(registry.LOCAL_MACHINE, preferences)},
		{scope: "the default of this Windows", value: usual},
	}}
}

// groupPolicy is the execution policy that a group policy sets, or "": one that turns scripts off is Restricted.
func groupPolicy(root registry.Key, path string) string {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer key.Close() //nolint:errcheck // only read
	if on, _, err := key.GetIntegerValue("EnableScripts"); err == nil && on == 0 {
		return "Restricted"
	}
	value, _, _ := key.GetStringValue("ExecutionPolicy")
	return value
}

func policyValue(root registry.Key, path string) string {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer key.Close() //nolint:errcheck // only read
	value, _, _ := key.GetStringValue("ExecutionPolicy")
	return value
}
