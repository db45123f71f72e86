# Publishing a release, when the site does what it is told.

$Path1, $Path2 = $config.releases.R1.path, $config.releases.R2.path
$Text1, $Text2 = $config.releases.R1.comment, $config.releases.R2.comment

Scenario 'publish: first, with a wait' {
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Content 'P0100012' $Path1
    Assert-Text 'P0100012' $config.releases.R1.version $Text1
    Assert-Files R1 'rollback-P0100012-3.json' 1
    Assert-Files R1 '*.partial' 0
    Assert-Equal 'last progress' $run.Progress[-1] 'Completed'
    Assert-Match 'report' $run.Report 'source path +.* -> '
    Assert-Match 'report' $run.Report 'refreshed +the distribution points, to source version 4'
    Assert-Match 'report' $run.Report "text +version '10.0.26100.1', description 'USMT"
}

Scenario 'publish: again changes nothing' {
    $null = Publish-Release R1 @{ Wait = $true }
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Untouched $run
    Assert-Content 'P0100012' $Path1
    Assert-Files R1 'rollback-*.json' 1
}

Scenario 'publish: again with -Refresh makes a version' {
    $null = Publish-Release R1 @{ Wait = $true }
    $run = Publish-Release R1 @{ Wait = $true; Refresh = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'source version' $Site.Packages['P0100012'].SourceVersion 5
    Assert-Content 'P0100012' $Path1
    Assert-Text 'P0100012' $config.releases.R1.version $Text1
}

Scenario 'publish: -WhatIf changes nothing and says what would be' {
    $run = Publish-Release R1 @{ WhatIf = $true; Wait = $true; Validate = $true; DistributionPoint = 'dp3.contoso.com'; TaskSequence = 'Windows 11' }
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
    Assert-Equal 'cmdlets that -WhatIf reached' @($Site.WhatIfs) @()
    Assert-Files R1 '*.json' 0
    foreach ($line in 'change the package source path', 'distribute to dp3', 'refresh its', "set version '10.0.26100.1'", 'validate the content', 'change the package from P0100005 to P0100012') {
        Assert-Match 'report' $run.Report "NOT done.*$line"
    }
}

Scenario 'publish: -WhatIf makes no package' {
    $Site.Packages.Remove('P0100012')
    $run = Publish-Release R1 @{ WhatIf = $true; DistributionPointGroup = 'All DPs' }
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
    Assert-Files R1 '*.json' 0
}

Scenario 'publish: a package by its ID' {
    Add-Package -Id 'P0100013' -Name 'Second USMT' -Flags 2 -Path $config.old -Points 'dp3.contoso.com'
    $run = Publish-Release R1 @{ PackageId = 'P0100013'; Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Content 'P0100013' $Path1 'dp3.contoso.com'
    Assert-Content 'P0100012' $config.old
}

Scenario 'publish: two packages fit' {
    Add-Package -Id 'P0100013' -Name 'Second USMT' -Flags 2 -Path $config.old
    $run = Publish-Release R1
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report '(?s)P0100012.*P0100013'
}

Scenario 'publish: another product needs -Force' {
    $run = Publish-Release R1 @{ PackageId = 'P0100005' }
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'Other package.*is not marked as USMT'
    $run = Publish-Release R1 @{ PackageId = 'P0100005'; Force = $true }
    Assert-Run $run 0 'NotDistributed'
    Assert-Equal 'mark' $Site.Packages['P0100005'].DefaultImageFlags 2
}

Scenario 'publish: no package of that ID' {
    $run = Publish-Release R1 @{ PackageId = 'P0109999' }
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'There is no package P0109999'
}

Scenario 'publish: a package found by its name is marked' {
    $Site.Packages['P0100012'].DefaultImageFlags = 0
    $Site.Packages['P0100012'].PkgSourceFlag = 1
    $Site.Packages['P0100012'].Name = 'User State Migration Tool'
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'flags' @($Site.Packages['P0100012'].DefaultImageFlags, $Site.Packages['P0100012'].PkgSourceFlag) @(2, 2)
    Assert-Match 'report' $run.Report 'mark +DefaultImageFlags 0 -> 2, PkgSourceFlag 1 -> 2'
}

Scenario 'publish: the site does not keep the mark' {
    $Site.Packages['P0100012'].DefaultImageFlags = 0
    $Site.Packages['P0100012'].Name = 'User State Migration Tool'
    $Site.Ignored = @('DefaultImageFlags')
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'did not keep DefaultImageFlags = 2 of package P0100012'
}

Scenario 'publish: no package yet' {
    $Site.Packages.Remove('P0100012')
    $run = Publish-Release R1 @{ DistributionPointGroup = 'All DPs'; Wait = $true; TaskSequence = 'Windows 11' }
    Assert-Run $run 0 'Distributed'
    $id = $run.Output.PackageId
    Assert-Content $id $Path1 'dp1.contoso.com', 'dp2.contoso.com', 'dp3.contoso.com'
    Assert-Text $id $config.releases.R1.version $Text1
    Assert-Equal 'mark' $Site.Packages[$id].DefaultImageFlags 2
    Assert-Steps 'P0100100' $id
    $run = Publish-Release R1 @{ DistributionPointGroup = 'All DPs'; Wait = $true; TaskSequence = 'Windows 11' }
    Assert-Run $run 0 'Distributed'
    Assert-Untouched $run
}

Scenario 'publish: on no distribution point' {
    $Site.Packages['P0100012'].Points.Clear()
    $run = Publish-Release R1
    Assert-Run $run 0 'NotDistributed'
    Assert-Text 'P0100012' $config.releases.R1.version $Text1
    $run = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    Assert-Run $run 1
    Assert-Steps 'P0100100' 'P0100005'
}

Scenario 'publish: the first distribution point gets no old snapshot' {
    $Site.Packages['P0100012'].Points.Clear()
    $null = Publish-Release R1
    $run = Publish-Release R1 @{ DistributionPoint = 'dp3'; Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Content 'P0100012' $Path1 'dp3.contoso.com'
    Assert-Text 'P0100012' $config.releases.R1.version $Text1
}

Scenario 'publish: a distribution point more, named without its domain' {
    $run = Publish-Release R1 @{ DistributionPoint = 'DP3', 'dp1'; Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Content 'P0100012' $Path1 'dp1.contoso.com', 'dp2.contoso.com', 'dp3.contoso.com'
    Assert-Match 'report' $run.Report 'sent to +dp3.contoso.com'
}

foreach ($missing in @(
        @('distribution point', @{ DistributionPoint = 'dp9' }, "no distribution point 'dp9'"),
        @('distribution point group', @{ DistributionPointGroup = 'All DP' }, "no distribution point group 'All DP'"),
        @('task sequence', @{ TaskSequence = 'Windows 12' }, "no task sequence 'Windows 12'"),
        @('task sequence of that ID', @{ TaskSequence = 'P0100999' }, "no task sequence 'P0100999'"))) {
    $what, $with, $say = $missing
    Scenario "publish: no such $what is found before anything changes" {
        $run = Publish-Release R1 $with
        Assert-Run $run 1
        Assert-Untouched $run
        Assert-Match 'report' $run.Report $say
        Assert-Files R1 '*.json' 0
    }
}

Scenario 'publish: a name that fits two distribution points' {
    $Site.Points['dp1.fabrikam.com'] = [pscustomobject]@{ Delay = 10; Failures = 0 }
    $run = Publish-Release R1 @{ DistributionPoint = 'dp1' }
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'dp1.contoso.com, dp1.fabrikam.com'
}

Scenario 'publish: steps in groups are pointed at the package, last' {
    $run = Publish-Release R1 @{ TaskSequence = 'Windows 11', 'P0100101' }
    Assert-Run $run 0 'Distributed'
    Assert-Steps 'P0100100' 'P0100012'
    Assert-Steps 'P0100101' 'P0100012'
    Assert-Equal 'changes to steps' @($run.Changes | Where-Object { $_ -like 'Set-CMTSStep*' }).Count 2
    Assert-Match 'last change' $run.Changes[-1] 'Set-CMTSStep'
    Assert-Match 'report' $run.Report "P0100101 'Windows 10'.*: P0100012, as before"
}

Scenario 'publish: steps of one name with two packages' {
    $steps = $Site.Sequences['P0100101'].Steps
    $Site.Sequences['P0100101'].Steps = @($steps) + @([pscustomobject]@{ Kind = 'capture'; Name = 'capture user state'; Package = 'P0100005'; Settings = @{}; Steps = @() })
    $run = Publish-Release R1 @{ TaskSequence = 'Windows 10' }
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'give them different names'
}

Scenario 'publish: a task sequence without such steps' {
    $Site.Sequences['P0100101'].Steps = @()
    $run = Publish-Release R1 @{ TaskSequence = 'Windows 10'; Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Match 'report' $run.Report 'step +none'
}

Scenario 'publish: two releases of one version and comment' {
    $null = Publish-Release F1 @{ Wait = $true }
    Assert-Content 'P0100012' $config.releases.F1.path
    $run = Publish-Release F2 @{ Wait = $true; TaskSequence = 'Windows 11' }
    Assert-Run $run 0 'Distributed'
    Assert-Content 'P0100012' $config.releases.F2.path
    Assert-Text 'P0100012' '10.0.26100.1' 'Our USMT'
}

Scenario 'publish: names full of what PowerShell could misread' {
    $Site.Sequences['P0100100'].Name = $config.odd.sequence
    $run = Publish-Release Odd
    Assert-Run $run 0 'Distributed'
    Assert-Content 'P0100012' $config.releases.Odd.path 'dp1.contoso.com', 'dp2.contoso.com', 'dp3.contoso.com'
    Assert-Text 'P0100012' '10.0.26100.1' $config.releases.Odd.comment
    Assert-Steps 'P0100100' 'P0100012'
    Assert-Match 'report' $run.Report 'validation +requested on 3'
    Assert-Run (Publish-Release Odd) 0 'Distributed'
    $run = Undo-Release Odd @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Steps 'P0100100' 'P0100005'
    Assert-Text 'P0100012' '10.0.1' 'as it was'
}

Scenario 'publish: two releases, and back twice' {
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    Assert-Run (Publish-Release R2 @{ TaskSequence = 'Windows 11'; Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $Path2
    Assert-Text 'P0100012' $config.releases.R2.version $Text2
    Assert-Run (Undo-Release R2 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $Path1
    Assert-Text 'P0100012' $config.releases.R1.version $Text1
    Assert-Steps 'P0100100' 'P0100012'
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
    Assert-Text 'P0100012' '10.0.1' 'as it was'
    Assert-Steps 'P0100100' 'P0100005'
}

Scenario 'publish: a release after it was undone' {
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    $null = Undo-Release R1 @{ Wait = $true }
    Assert-Run (Publish-Release R1 @{ TaskSequence = 'Windows 11' }) 0 'Distributed'
    Assert-Content 'P0100012' $Path1
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
    Assert-Text 'P0100012' '10.0.1' 'as it was'
    Assert-Steps 'P0100100' 'P0100005'
}
