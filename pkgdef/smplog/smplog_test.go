package smplog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

func simple(msg string) string {
	return msg + "  $$<SMS_STATE_MIGRATION_POINT><05-17-2026 18:31:23.782+240><thread=5776 (0x1690)>\r\n"
}

// of is a line of a component.
func of(component, msg string) string {
	return strings.Replace(simple(msg), smpComp, component, 1)
}

func ccm(msg string) string {
	return `<![LOG[` + msg + `]LOG]!><time="18:31:23.782+240" date="05-17-2026" component="SMSSMP" context="" type="1" thread="5776" file="x.cpp:1">` + "\r\n"
}

// raw is a line as rolesetup.exe writes it.
func raw(msg string) string { return "<02/09/14 22:53:44> " + msg + "\r\n" }

func stat(id int, comp, istr string) string {
	return fmt.Sprintf(`STATMSG: ID=%d SEV=I LEV=M SOURCE="SMS Server" COMP="%s" SYS=CM01 SITE=P01 PID=4604 TID=5720 GMTDATE=Fri Jan 13 22:36:47.610 2026 ISTR0="%s" ISTR1=""`, id, comp, istr)
}

const (
	setupOK = "Installation was successful."
	msiOK   = "MSI (s) (9C:88) [18:49:04:007]: Windows Installer installed the product. Product Name: ConfigMgr State Migration Point. Product Version: 5.00.9128. Product Language: 1033. Manufacturer: Microsoft Corporation. Installation success or error status: 0.\r\n"
	httpOK  = "Call to HttpSendRequestSync succeeded for port 443 with status code 200, text: OK"
	http500 = "Call to HttpSendRequestSync failed for port 80 with status code 500, text: Internal Server Error"
	smpComp = "SMS_STATE_MIGRATION_POINT"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name string
		logs []string
		want Verdict
	}{
		{"no log", nil, Unknown},
		{"nothing in it", []string{""}, Unknown},
		{"nothing that is known", []string{simple("SMSSMP") + "x\n"}, Unknown},
		{"set-up began", []string{simple("SMSSMP Setup Started....") + "x\n"}, Waiting},
		{"a new attempt after a success", []string{simple(setupOK) + simple("SMSSMP Setup Started....")}, Waiting},
		{"raw: a new attempt after a success", []string{raw("SMSSMP Setup Started....") + raw(setupOK) + raw("SMSSMP Setup Started....")}, Waiting},
		{"installer: a new attempt after a success", []string{"smpmsi.log\x00" + msiOK + "=== Verbose logging started: 5/17/2026  18:49:04\r\n"}, Waiting},
		{"raw: software update point", []string{raw("SMSWSUS Setup Started....") + raw(setupOK)}, Unknown},
		{"raw: software update point failed", []string{raw("SMSSMP Setup Started....") + raw(setupOK) + raw("SMSWSUS Setup Started....") + raw("Installation Failed. Error code: 1603")}, Installed},
		{"raw: no role is named", []string{raw(setupOK)}, Unknown},
		{"raw: by the name of the log", []string{"SMSSMPSetup.log\x00" + raw(setupOK)}, Installed},
		{"raw: another role in a log of that name", []string{"SMSSMPSetup.log\x00" + raw("SMSWSUS Setup Started....") + raw(setupOK)}, Unknown},
		{"component of another role", []string{of("MP_CONTROL", httpOK)}, Unknown},
		{"component of another role, set-up", []string{of("MP_CONTROL", setupOK)}, Unknown},
		{"component of another role, in the other form", []string{strings.Replace(ccm(httpOK), "SMSSMP", "MP_CONTROL", 1)}, Unknown},
		{"component of another role failed", []string{simple(setupOK), of("MP_CONTROL", http500)}, Installed},
		{"component of another role in a log of that name", []string{"smpmgr.log\x00" + of("MP_CONTROL", httpOK)}, Unknown},
		{"failure under an unknown component in a log of that name", []string{simple(setupOK), "smpmgr.log\x00" + of("OTHER", http500)}, Failed},
		{"no role is named, failed", []string{simple(setupOK), raw("Installation Failed. Error code: 1603")}, Failed},
		{"the installer is named", []string{raw("smp.msi exited with return code: 0")}, Installed},
		{"the installer is named, by another component", []string{of("MP_CONTROL", "smp.msi exited with return code: 0")}, Unknown},
		{"installer of another product", []string{strings.Replace(msiOK, "State Migration Point", "Management Point", 1)}, Unknown},
		{"installer of another product, in words", []string{"MSI (s) (9C:88) [18:49:04:007]: Product: ConfigMgr Management Point -- Installation operation completed successfully.\r\n"}, Unknown},
		{"installer of another product failed", []string{simple(setupOK), strings.NewReplacer("State Migration Point", "Management Point", "status: 0", "status: 1603").Replace(msiOK)}, Installed},
		{"installer of another product in a log of that name", []string{"smpmsi.log\x00" + strings.Replace(msiOK, "State Migration Point", "Management Point", 1)}, Unknown},
		{"installer of no product", []string{"Installation success or error status: 0.\r\n"}, Unknown},
		{"installer of no product in a log of that name", []string{"smpmsi.log\x00Installation success or error status: 0.\r\n"}, Installed},
		{"set-up succeeded", []string{simple("~" + setupOK)}, Installed},
		{"in the other form", []string{ccm(setupOK)}, Installed},
		{"within another text", []string{simple("It is not known that Installation was successful.")}, Unknown},
		{"a message of several lines", []string{ccm("smp.msi exited with return code: 0\r\nmore")}, Installed},
		{"removed since", []string{simple(setupOK) + simple("Deinstallation was successful.")}, Failed},
		{"set-up failed", []string{simple("Installation Failed. Error code: 1603")}, Failed},
		{"a fatal error", []string{simple("Fatal MSI Error - smp.msi could not be installed.")}, Failed},
		{"set-up failed, then not", []string{simple("smp.msi exited with return code: 1603") + simple("smp.msi exited with return code: 0")}, Installed},
		{"set-up succeeded, then failed", []string{simple(setupOK) + simple("smp.msi exited with return code: 1603")}, Failed},
		{"a restart is needed", []string{simple("smp.msi exited with return code: 3010")}, Waiting},
		{"raw: set-up succeeded", []string{raw("SMSSMP Setup Started....") + raw(setupOK) + raw("~RoleSetup().")}, Installed},
		{"raw: installer succeeded", []string{raw("SMSSMP Setup Started....") + raw("smp.msi exited with return code: 0")}, Installed},
		{"raw: installer failed", []string{raw("smp.msi exited with return code: 1603")}, Failed},
		{"raw: a restart is needed", []string{raw("SMSSMP Setup Started....") + raw("smp.msi exited with return code: 3010")}, Waiting},
		{"raw: set-up succeeded, then failed", []string{raw(setupOK) + raw("~Installation Failed. Error code: 1603")}, Failed},
		{"raw: set-up failed, then succeeded", []string{raw("SMSSMP Setup Started....") + raw("Installation Failed. Error code: 1603") + raw(setupOK)}, Installed},
		{"raw: within another text", []string{raw("It is not known that " + setupOK)}, Unknown},
		{"raw: no time", []string{"<yesterday> " + setupOK + "\n"}, Unknown},
		{"installer", []string{msiOK}, Installed},
		{"installer failed", []string{strings.Replace(msiOK, "status: 0", "status: 1603", 1)}, Failed},
		{"installer in words", []string{"MSI (s) (9C:88) [18:49:04:007]: Product: ConfigMgr State Migration Point -- Installation operation completed successfully.\r\n"}, Installed},
		{"installer failed, in words", []string{"MSI (s) (9C:88) [18:49:04:007]: Product: ConfigMgr State Migration Point -- Installation operation failed.\r\n"}, Failed},
		{"installer removed it", []string{strings.Replace(msiOK, "Installation success", "Removal success", 1)}, Failed},
		{"it answers", []string{simple(httpOK)}, Installed},
		{"it answers wrongly", []string{simple(setupOK), simple(http500)}, Failed},
		{"succeeded, with another status", []string{simple(strings.Replace(httpOK, "200", "401", 1))}, Failed},
		{"it answers again", []string{simple(http500) + simple(httpOK)}, Installed},
		{"low on space", []string{simple(setupOK), simple(httpOK) + simple(stat(6204, smpComp, "10"))}, LowSpace},
		{"enough space again", []string{simple(setupOK), simple(httpOK) + simple(stat(6204, smpComp, "10")) + simple(stat(6211, smpComp, ""))}, Installed},
		{"space alone says nothing", []string{simple(stat(6211, smpComp, ""))}, Unknown},
		{"too many states", []string{simple(stat(6202, smpComp, ""))}, LowSpace},
		{"no certificate yet", []string{simple(setupOK), simple(stat(6210, smpComp, ""))}, Waiting},
		{"IIS does not respond", []string{simple(setupOK), simple(stat(6208, smpComp, ""))}, Failed},
		{"about one client", []string{simple(setupOK), simple(stat(6206, smpComp, ""))}, Installed},
		{"of another component", []string{simple(stat(6208, "SMS_DISTRIBUTION_MANAGER", ""))}, Unknown},
		{"site: installing", []string{simple(stat(1014, "SMS_SITE_COMPONENT_MANAGER", smpComp))}, Waiting},
		{"site: installed", []string{simple(stat(1015, "SMS_SITE_COMPONENT_MANAGER", smpComp))}, Installed},
		{"site: failed", []string{simple(stat(1016, "SMS_SITE_COMPONENT_MANAGER", smpComp))}, Failed},
		{"site: another role", []string{simple(stat(1015, "SMS_SITE_COMPONENT_MANAGER", "SMS_MP_CONTROL_MANAGER"))}, Unknown},
		{"the worse of two logs", []string{simple(setupOK), strings.Replace(msiOK, "status: 0", "status: 1603", 1)}, Failed},
		{"torn", []string{simple(setupOK)[:40] + "\n" + ccm(setupOK)[:20]}, Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logs []Log
			for i, text := range tt.logs {
				name := fmt.Sprint("log", i)
				if before, after, named := strings.Cut(text, "\x00"); named {
					name, text = before, after
				}
				logs = append(logs, Log{name, []Part{{name, strings.NewReader(text)}}})
			}
			got, err := Read(t.Context(), logs...)
			if err != nil || got.Verdict != tt.want {
				t.Errorf("Read = %+v, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// A finding says what line it rests on, and how far that can be relied on.
func TestReadFinding(t *testing.T) {
	long := "Installation Failed. Error code: 1603 " + strings.Repeat("ü", 1000)
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("x\r\n" + simple(long) + msiOK[:20] + "\r\n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), Log{"a.log", []Part{{"a.lo_", strings.NewReader(simple(setupOK))}, {"a.log", strings.NewReader(text)}}})
	if err != nil || len(got.Findings) != 1 || got.Lines != 4 {
		t.Fatalf("Read = %+v, %v, want one finding in four lines", got, err)
	}
	f := got.Findings[0]
	want := Finding{Setup, Failed, "the role's set-up failed", Recalled, "a.log", 2, "05-17-2026 18:31:23.782+240", f.Text}
	if f != want || len(f.Text) > maxText+len("…") || !strings.HasPrefix(f.Text, "Installation Failed. Error code: 1603 ü") || !strings.HasSuffix(f.Text, "ü…") {
		t.Errorf("Finding = %+v, want %+v", f, want)
	}
}

// A line of rolesetup.exe has its time in front.
func TestReadRawFinding(t *testing.T) {
	got, err := Read(t.Context(), Log{"smssmpsetup.log", []Part{{"a.log", strings.NewReader("x\n" + raw(setupOK))}}})
	want := Finding{Setup, Installed, "the role's set-up succeeded", Seen, "a.log", 2, "02/09/14 22:53:44", setupOK}
	if err != nil || len(got.Findings) != 1 || got.Findings[0] != want {
		t.Errorf("Read = %+v, %v, want %+v", got, err, want)
	}
}

func TestReadFailures(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, Log{"a", []Part{{"a", strings.NewReader("x\n")}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Read = %v, want context.Canceled", err)
	}
	got, err := Read(t.Context(), Log{"a", []Part{{"a", strings.NewReader(strings.Repeat("x", 1<<20) + "\n" + simple(setupOK))}}})
	if err != nil || got.Skipped != 1 || got.Verdict != Installed {
		t.Errorf("Read = %+v, %v, want one message skipped", got, err)
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"SMSSMPSetup.log": simple(setupOK), "smpMSI.log": msiOK, "smpmgr.lo_": simple(http500), "smpmgr.log": simple("nothing"),
		"mpcontrol.log": simple(httpOK), "empty/x": "",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		files []string
		want  Verdict
		count int
	}{
		{"a folder, with what was rotated", []string{dir}, Failed, 3},
		{"two logs", []string{filepath.Join(dir, "SMSSMPSetup.log"), filepath.Join(dir, "smpMSI.log")}, Installed, 2},
		{"a log of any name", []string{filepath.Join(dir, "mpcontrol.log")}, Installed, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadFiles(t.Context(), tt.files...)
			if err != nil || got.Verdict != tt.want || len(got.Findings) != tt.count {
				t.Errorf("ReadFiles = %+v, %v, want %s, %d findings", got, err, tt.want, tt.count)
			}
		})
	}
	for _, name := range []string{filepath.Join(dir, "nowhere"), filepath.Join(dir, "empty")} {
		if _, err := ReadFiles(t.Context(), name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("ReadFiles(%s) = %v, want that there is none", name, err)
		}
	}
}

// Whatever logs hold, reading them ends; without a word of success there is none.
func FuzzRead(f *testing.F) {
	for _, s := range []string{simple(setupOK), ccm(httpOK), msiOK, simple(stat(6204, smpComp, "")), "<![LOG[\n<![LOG[", "\xff\xfes\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Read(t.Context(), Log{"x", []Part{{"x", strings.NewReader(string(b))}}})
		if err != nil {
			t.Fatalf("Read(%q) = %v", b, err)
		}
		text := strings.ToLower(strings.ReplaceAll(string(b), "\x00", ""))
		success := false
		for _, word := range []string{"success", "succeeded", "return code:", "id=1015"} {
			success = success || strings.Contains(text, word)
		}
		if got.Verdict == Installed && !success || (got.Verdict == Unknown) != (len(got.Findings) == 0) && got.Verdict != Unknown {
			t.Errorf("Read(%q) = %+v", b, got)
		}
	})
}
