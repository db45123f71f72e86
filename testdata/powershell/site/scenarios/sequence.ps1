# Task sequences and the state migration point.

function New-Sequence {
    param([string] $Release, [hashtable] $With = @{}, [string[]] $Answers = @())
    Invoke-Script -Release $Release -Name 'New-UsmtTaskSequence' -With $With -Answers $Answers
}

function Install-Role {
    param([hashtable] $With = @{}, [string[]] $Answers = @())
    Invoke-Script -Release Odd -Name 'Install-StateMigrationPoint' -With $With -Answers $Answers
}

function Get-Made {
    return @($Site.Sequences.Values | Where-Object { $_.Name -eq 'User state migration' })
}

# The sequence that was made has its two groups once.
function Assert-Made {
    Assert-Equal 'sequences' @(Get-Made).Count 1
    Assert-Equal 'groups' @(@(Get-Made)[0].Steps | ForEach-Object { $_.Name }) @('Capture user state', 'Restore user state')
    Assert-Equal 'packages' @(Get-StepPackage -Steps @(Get-Made)[0].Steps) @('P0100012', 'P0100012')
}

function Assert-Role {
    $role = $Site.Roles[$config.odd.server]
    Assert-Equal 'folders' @($role.Folders) @(
        "Directory=D:\it's;MaxClients=100;MinDiskSpace=10;MinDiskSpaceUnit=3;"
        "Directory=E:\M$([char]0xFC)ller$([char]0x2019)s ``x `$y [1];MaxClients=5;MinDiskSpace=7;MinDiskSpaceUnit=2;")
    Assert-Equal 'policy' @($role.Minutes, $role.RestoreOnly) @(720, $false)
    foreach ($group in $Site.BoundaryGroups.Values) {
        Assert-Equal 'servers' $group.Servers @($config.odd.server)
    }
}

Scenario 'sequence: made, and again' {
    Assert-Run (New-Sequence R1) 0 'Created'
    Assert-Made
    Assert-Equal 'steps' @(@(Get-Made)[0].Steps[0].Steps | ForEach-Object { $_.Kind }) @('request', 'capture', 'release')
    $run = New-Sequence R1
    Assert-Run $run 0 'Exists'
    Assert-Untouched $run
}

Scenario 'sequence: -WhatIf' {
    $run = New-Sequence R1 @{ WhatIf = $true }
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
    Assert-Equal 'cmdlets that -WhatIf reached' @($Site.WhatIfs) @()
}

Scenario 'sequence: by all settings' {
    $run = New-Sequence Odd
    Assert-Run $run 0 'Created'
    Assert-Equal 'questions' $run.Questions.Count 1
    $groups = @(Get-Made)[0].Steps
    Assert-Equal 'steps' @($groups | ForEach-Object { $_.Steps } | ForEach-Object { $_.Kind }) @('variable', 'capture', 'variable', 'restore')
    $capture = $groups[0].Steps[1].Settings
    Assert-Equal 'files' $capture.ConfigFile @('MigApp.xml', "M$([char]0xFC)ller's `$x ``[1]$([char]0x2019).xml")
    Assert-Equal 'settings' @($capture.UseHardLinks, $capture.OfflineUserState, [bool]$capture.ContinueOnError, $capture.ModeOption) @($true, $true, $true, 'Customize')
    Assert-Equal 'password' $groups[1].Steps[1].Settings.Password.Length 6
    Assert-Equal 'store' $groups[0].Steps[0].Settings.TaskSequenceVariableValue "%_SMSTSUserStatePath%\it's `$x"
}

Scenario 'sequence: no package yet' {
    $Site.Packages.Remove('P0100012')
    $run = New-Sequence R1
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'run Publish-UsmtPackage.ps1 first'
}

Scenario 'sequence: one of that name without user state steps, made by another hand' {
    Add-Sequence -Id 'P0100110' -Name 'User state migration' -Package 'x'
    $Site.Sequences['P0100110'].Steps = @()
    $run = New-Sequence R1
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'was not created by this script: give another -Name'
}

foreach ($kind in 'before', 'after', 'killed before', 'killed after') {
    foreach ($n in 1, 2) {
        Scenario "fault: task sequence, rerun, $kind change $n" {
            $Site.FaultAt, $Site.FaultWhen = $n, $kind
            $run = New-Sequence R1
            Assert-Equal 'whether the run went well' ($run.Exit -eq 0 -and -not $run.Killed) $false
            $Site.FaultAt = 0
            Assert-Run (New-Sequence R1) 0
            Assert-Made
        }
    }
    Scenario "fault: role, rerun, $kind" {
        $Site.FaultAt, $Site.FaultWhen = 1, $kind
        $null = Install-Role
        $Site.FaultAt = 0
        Assert-Run (Install-Role) 0
        Assert-Role
    }
}

Scenario 'role: added, and again' {
    Assert-Run (Install-Role) 0 'Added'
    Assert-Role
    $run = Install-Role
    Assert-Run $run 0 'Unchanged'
    Assert-Untouched $run
}

Scenario 'role: -WhatIf' {
    $run = Install-Role @{ WhatIf = $true }
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
}

Scenario 'role: there in part' {
    $null = Install-Role
    $role = $Site.Roles[$config.odd.server]
    $role.Folders = @($role.Folders[0])
    $role.RestoreOnly = $true
    @($Site.BoundaryGroups.Values)[1].Servers = @()
    $run = Install-Role
    Assert-Run $run 0 'Changed'
    Assert-Role
    Assert-Match 'report' $run.Report 'changed +added folders: 1, boundary groups: 1'
}

Scenario 'role: a folder with other numbers is left' {
    $null = Install-Role
    $Site.Roles[$config.odd.server].Folders[0] = "Directory=d:\IT'S\;MaxClients=9;MinDiskSpace=10;MinDiskSpaceUnit=3;"
    $run = Install-Role
    Assert-Run $run 1 'Unchanged'
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'it has 9 clients and 10 percent of free space, wanted'
}

foreach ($case in @(
        @('a central administration site', { $Site.Sites[0].Type = 4 }, 'central administration site'),
        @('no site system', { $Site.Systems = @() }, 'site system'),
        @('no such boundary group', { $Site.BoundaryGroups.Remove('Branch') }, "no boundary group 'Branch'"))) {
    $what, $spoil, $say = $case
    Scenario "role: $what" {
        & $spoil
        $run = Install-Role
        Assert-Run $run 1
        Assert-Untouched $run
        Assert-Match 'report' $run.Report $say
    }
}
