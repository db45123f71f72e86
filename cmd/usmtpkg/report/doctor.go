package report

// Doctor is the document of doctor.
type Doctor struct {
	Head
	Library string      `json:"library"`
	Exit    int         `json:"exit"` // that refresh would have
	Checks  []Diagnosis `json:"checks"`
}

// A Diagnosis says whether one thing is as the job needs it.
type Diagnosis struct {
	Check   DoctorCheck   `json:"check"`
	Verdict DoctorVerdict `json:"verdict"`
	Detail  string        `json:"detail"`
	Hint    string        `json:"hint,omitempty"` // what to do
}

// A DoctorCheck names what was looked at.
type DoctorCheck string

// What is looked at, in this order.
const (
	CheckKit         DoctorCheck = "kit"
	CheckInventory   DoctorCheck = "inventory"
	CheckRoots       DoctorCheck = "roots"
	CheckLibrary     DoctorCheck = "library"
	CheckRoom        DoctorCheck = "room"
	CheckFlush       DoctorCheck = "flush"
	CheckClock       DoctorCheck = "clock"
	CheckPackagePath DoctorCheck = "package-path"
	CheckPathLength  DoctorCheck = "path-length"
	CheckConsole     DoctorCheck = "console"
	CheckPowerShell  DoctorCheck = "powershell"
	CheckRefresh     DoctorCheck = "refresh"
)

// A DoctorVerdict is what a look came to.
type DoctorVerdict string

// The verdicts.
const (
	DoctorOK         DoctorVerdict = "ok"
	DoctorProblem    DoctorVerdict = "problem"
	DoctorNotChecked DoctorVerdict = "not-checked"
)

func (d *Doctor) text(t *printer) {
	for _, c := range d.Checks {
		if t.Quiet && c.Verdict == DoctorOK {
			continue
		}
		verdict := string(c.Verdict)
		if c.Verdict == DoctorNotChecked {
			verdict = "not checked"
		}
		t.printf("%-11s  %-12s  %s\n", verdict, c.Check, c.Detail)
		if c.Hint != "" {
			t.printf("%27shint: %s\n", "", c.Hint)
		}
	}
}
