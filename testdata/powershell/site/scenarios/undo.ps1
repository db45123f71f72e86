# Going back to what was there before a release.

$Path1 = $config.releases.R1.path
$File = { [System.IO.Path]::Combine((Get-Folder R1), 'rollback-P0100012-3.json') }

Scenario 'undo: twice' {
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
    Assert-Text 'P0100012' '10.0.1' 'as it was'
    Assert-Steps 'P0100100' 'P0100005'
    $run = Undo-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Untouched $run
}

Scenario 'undo: -WhatIf says what it would set' {
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    $run = Undo-Release R1 @{ WhatIf = $true }
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
    foreach ($line in 'set the package source path, now .*R1', "set version '10.0.1' and description 'as it was'", 'change the package from P0100012 to P0100005') {
        Assert-Match 'report' $run.Report "NOT done.*$line"
    }
}

Scenario 'undo: version and description that were empty' {
    $Site.Packages['P0100012'].Version = ''
    $Site.Packages['P0100012'].Description = ''
    $null = Publish-Release R1 @{ Wait = $true }
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Text 'P0100012' '' ''
    Assert-Content 'P0100012' $config.old
}

Scenario 'undo: the site does not keep an empty description' {
    $Site.Packages['P0100012'].Description = ''
    $null = Publish-Release R1 @{ Wait = $true }
    $Site.Ignored = @('Description')
    $run = Undo-Release R1 @{ Wait = $true }
    Assert-Run $run 1 'Distributed'
    Assert-Match 'report' $run.Report 'FAILED +version and description are'
    Assert-Content 'P0100012' $config.old
}

Scenario 'undo: the package that a step named is gone' {
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    $Site.Packages.Remove('P0100005')
    foreach ($with in @{ Wait = $true }, @{ Wait = $true; Force = $true }) {
        $run = Undo-Release R1 $with
        Assert-Run $run 1 'Distributed'
        Assert-Match 'report' $run.Report 'FAILED +step .*There is no package P0100005'
        Assert-Content 'P0100012' $config.old
        Assert-Text 'P0100012' '10.0.1' 'as it was'
    }
}

Scenario 'undo: a task sequence is locked, and the others go back' {
    Add-Sequence -Id 'P0100102' -Name 'Windows 12' -Package 'P0100005'
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11', 'Windows 12' }
    $Site.Sequences['P0100100'].Locked = 'CONTOSO\someone'
    $run = Undo-Release R1 @{ Wait = $true }
    Assert-Run $run 1 'Distributed'
    Assert-Match 'report' $run.Report 'FAILED +step P0100100.*Could not point step.*locked by CONTOSO\\someone'
    Assert-Steps 'P0100100' 'P0100012'
    Assert-Steps 'P0100102' 'P0100005'
    Assert-Content 'P0100012' $config.old
    $Site.Sequences['P0100100'].Locked = ''
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Steps 'P0100100' 'P0100005'
}

Scenario 'undo: a step that names another package by now, or is gone' {
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    $Site.Sequences['P0100100'].Steps[0].Steps[0].Steps[0].Package = 'P0100777'
    $Site.Sequences['P0100100'].Steps[0].Steps[0].Steps[1].Name = 'renamed'
    $run = Undo-Release R1 @{ Wait = $true }
    Assert-Run $run 1 'Distributed'
    Assert-Match 'report' $run.Report "now names 'P0100777'"
    Assert-Equal 'steps' @(Get-StepPackage -Steps $Site.Sequences['P0100100'].Steps) @('P0100777', 'P0100012')
    Assert-Content 'P0100012' $config.old
}

Scenario 'undo: the package was pointed elsewhere since' {
    $null = Publish-Release R1 @{ Wait = $true }
    $Site.Packages['P0100012'].PkgSourcePath = $config.releases.R2.path
    $run = Undo-Release R1
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'changed since'
    Assert-Run (Undo-Release R1 @{ Force = $true; Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
}

Scenario 'undo: the folder to go back to is gone' {
    $gone = $config.old.Substring(0, $config.old.Length - 4) + 'gone'
    $Site.Packages['P0100012'].PkgSourcePath = $gone
    $Site.Packages['P0100012'].SourceSite = ''
    $null = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    $env:COMPUTERNAME = 'CM01'
    try {
        $run = Undo-Release R1
    } finally {
        $env:COMPUTERNAME = 'ADMIN01'
    }
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'does not exist, or this computer cannot read it.*Nothing was changed'
    Assert-Run (Undo-Release R1 @{ Force = $true; Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $gone
}

Scenario 'undo: nothing was published' {
    $run = Undo-Release R1
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'There is no rollback record in .*R1'
}

Scenario 'undo: the package was created' {
    $Site.Packages.Remove('P0100012')
    $null = Publish-Release R1 @{ DistributionPoint = 'dp3'; Wait = $true }
    $run = Undo-Release R1
    Assert-Run $run 0 'Distributed'
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'created it for this release.*there is nothing to undo'
}

Scenario 'undo: the package was created, and steps were pointed at it' {
    $Site.Packages.Remove('P0100012')
    $null = Publish-Release R1 @{ DistributionPoint = 'dp3'; TaskSequence = 'Windows 11' }
    $run = Undo-Release R1
    Assert-Run $run 0 'Distributed'
    Assert-Steps 'P0100100' 'P0100005'
    Assert-NoMatch 'report' $run.Report 'nothing to undo'
}

foreach ($text in '', '   ', '{"format": "usmtpkg rollback record", "version": 1, "rele', '[]', '{}', '"text"', 'null', '{"format": "another", "version": 1}',
    '{"format": "usmtpkg rollback record", "version": 2, "release": "", "packageId": "", "created": false, "sourceVersion": 1, "package": {}, "steps": []}',
    '{"format": "usmtpkg rollback record", "version": 1, "release": "", "packageId": "", "created": false, "sourceVersion": 1, "package": null, "steps": []}') {
    Scenario "undo: a record that is not one: $text" {
        $null = Publish-Release R1 @{ Wait = $true }
        [System.IO.File]::WriteAllText((& $File), $text)
        foreach ($run in (Undo-Release R1), (Publish-Release R1 @{ TaskSequence = 'Windows 11' })) {
            Assert-Run $run 1
            Assert-Untouched $run
            Assert-Match 'report' $run.Report 'rollback-P0100012-3.json is not a usmtpkg rollback record of version 1'
        }
        Assert-Equal 'record' ([System.IO.File]::ReadAllText((& $File))) $text
    }
}

Scenario 'undo: a refresh note that is not one' {
    $null = Publish-Release R1 @{ Wait = $true }
    [System.IO.File]::WriteAllText([System.IO.Path]::Combine((Get-Folder R1), 'refresh-P0100012.json'), '{')
    $run = Publish-Release R1
    Assert-Run $run 0 'Distributed'
    Assert-Match 'warnings' $run.Warnings 'is not a usmtpkg refresh note.*So it is not known whether a refresh is still queued'
}

Scenario 'undo: the record is somewhere else' {
    $record = [System.IO.Path]::Combine($work, 'my record.json')
    $null = Publish-Release R1 @{ Wait = $true; RollbackRecord = 'my record.json' }
    Assert-Files R1 '*.json' 0
    Assert-Equal 'record' ([System.IO.File]::Exists($record)) $true
    Assert-Run (Undo-Release R1) 1
    Assert-Run (Undo-Release R1 @{ RollbackRecord = $record; Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
}

Scenario 'undo: the record of another release or package' {
    $record = [System.IO.Path]::Combine($work, 'record.json')
    $null = Publish-Release R1 @{ Wait = $true; RollbackRecord = $record }
    $run = Publish-Release R2 @{ Wait = $true; RollbackRecord = $record }
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'is the rollback record of package P0100012, release 10.0.26100.1'
}

Scenario 'undo: a record that cannot be written stops the run before anything changes' {
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine((Get-Folder R1), 'rollback-P0100012-3.json.partial'))
    $run = Publish-Release R1 @{ TaskSequence = 'Windows 11' }
    Assert-Run $run 1
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'FAILED +Could not write the rollback record .*rollback-P0100012-3.json .*: Access to the path'
    $run = Publish-Release R1 @{ RollbackRecord = [System.IO.Path]::Combine($work, 'no such folder', 'record.json') }
    Assert-Run $run 1
    Assert-Untouched $run
}

Scenario 'undo: a record that cannot be replaced stays whole' {
    $null = Publish-Release R1 @{ Wait = $true }
    $text = [System.IO.File]::ReadAllText((& $File))
    $Site.Packages['P0100012'].SourceVersion = 3
    $null = [System.IO.Directory]::CreateDirectory((& $File) + '.partial')
    Assert-Run (Publish-Release R1 @{ TaskSequence = 'Windows 11' }) 1
    Assert-Equal 'record' ([System.IO.File]::ReadAllText((& $File))) $text
}

Scenario 'undo: a refresh note that cannot be written does not fail the run' {
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine((Get-Folder R1), 'refresh-P0100012.json.partial'))
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Match 'warnings' $run.Warnings 'Could not note the refresh to source version 4: Access to the path'
}

Scenario 'undo: no such record' {
    $run = Undo-Release R1 @{ RollbackRecord = 'nowhere.json' }
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'There is no rollback record .*nowhere.json'
}

Scenario 'undo: records of two packages' {
    $null = Publish-Release R1 @{ Wait = $true }
    Add-Package -Id 'P0100013' -Name 'Second USMT' -Flags 2 -Path $config.old -Points 'dp3.contoso.com'
    $null = Publish-Release R1 @{ PackageId = 'P0100013'; Wait = $true }
    $run = Undo-Release R1
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'rollback records of 2 packages'
}

Scenario 'undo: a refresh that fails is not said to be one' {
    $null = Publish-Release R1 @{ Wait = $true }
    $Site.Denied['Update-CMDistributionPoint'] = 'Access is denied'
    $run = Undo-Release R1 @{ Wait = $true }
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'FAILED +Could not refresh the distribution points of package P0100012: Access is denied'
    Assert-Match 'report' $run.Report 'FAILED +The distribution points were not refreshed'
    $Site.Denied.Clear()
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
}
