# Waiting, refreshes that are queued, the content hash, and what a person declines.

$Path1 = $config.releases.R1.path
$Hash1, $Hash2 = $config.releases.R1.hash, $config.releases.R2.hash

# Makes the site write its distmgr.log, with the hash that is predicted for each release.
function Enable-Log {
    $Site.LogFolder = $work
    foreach ($name in 'R1', 'R2') {
        $Site.Hashes[$config.releases.$name.path] = $config.releases.$name.hash
    }
}

Scenario 'wait: not at all' {
    $run = Publish-Release R1
    Assert-Run $run 0 'Pending'
    Assert-Match 'report' $run.Report 'behind +the site server still has version 3; the refresh makes version 4'
    Wait-Site
    Assert-Content 'P0100012' $Path1
}

Scenario 'wait: a second run while the refresh is queued' {
    Enable-Log
    Write-SiteLog 'P0100012'
    $null = Publish-Release R1
    $run = Publish-Release R1 @{ DistmgrLog = $work }
    Assert-Run $run 0 'Pending'
    Assert-Untouched $run
    Assert-Match 'report' $run.Report 'queued +an earlier run requested source version 4'
    Assert-Match 'report' $run.Report 'content hash +NOT compared'
    $run = Publish-Release R1 @{ Wait = $true; DistmgrLog = $work; TaskSequence = 'Windows 11' }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'hash' $run.Output.ContentHash 'Same'
    Assert-Content 'P0100012' $Path1
    Assert-Equal 'source version' $Site.Packages['P0100012'].SourceVersion 4
}

Scenario 'wait: a second run while a -Refresh is queued' {
    $null = Publish-Release R1 @{ Wait = $true }
    $null = Publish-Release R1 @{ Refresh = $true }
    $run = Publish-Release R1
    Assert-Run $run 0 'Pending'
    Assert-Untouched $run
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'source version' $Site.Packages['P0100012'].SourceVersion 5
}

Scenario 'wait: undo without, and again' {
    $null = Publish-Release R1 @{ Wait = $true }
    Assert-Run (Undo-Release R1) 0 'Pending'
    $run = Undo-Release R1
    Assert-Run $run 0 'Pending'
    Assert-Untouched $run
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $config.old
}

Scenario 'wait: a distribution point fails once' {
    $Site.Points['dp2.contoso.com'].Failures = 1
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Match 'warnings' $run.Warnings 'dp2.contoso.com: install retrying'
    Assert-Content 'P0100012' $Path1
}

Scenario 'wait: a distribution point fails for good' {
    $Site.Points['dp2.contoso.com'].Failures = -1
    $run = Publish-Release R1 @{ Wait = $true; TimeoutMinutes = 30; TaskSequence = 'Windows 11' }
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'behind +dp2.contoso.com: install failed, has version 3, needs 4'
    Assert-Match 'report' $run.Report 'not on every distribution point after 30 minutes'
    Assert-Steps 'P0100100' 'P0100005'
    Assert-Equal 'last progress' $run.Progress[-1] 'Completed'
    $Site.Points['dp2.contoso.com'].Failures = 0
    Assert-Run (Publish-Release R1 @{ Refresh = $true; TaskSequence = 'Windows 11' }) 0 'Distributed'
    Assert-Steps 'P0100100' 'P0100012'
}

Scenario 'hash: same, in the folder that is given' {
    Enable-Log
    $run = Publish-Release R1 @{ Wait = $true; DistmgrLog = $work }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'hash' $run.Output.ContentHash 'Same'
}

Scenario 'hash: same, on the site server' {
    Enable-Log
    $env:COMPUTERNAME, $env:SMS_LOG_PATH = 'CM01', $work
    try {
        $run = Publish-Release R1 @{ Wait = $true }
    } finally {
        $env:COMPUTERNAME, $env:SMS_LOG_PATH = 'ADMIN01', ''
    }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'hash' $run.Output.ContentHash 'Same'
}

Scenario 'hash: different, and no step is touched' {
    Enable-Log
    $Site.Hashes.Clear()
    $run = Publish-Release R1 @{ DistmgrLog = $work; TaskSequence = 'Windows 11' }
    Assert-Run $run 1 'Distributed'
    Assert-Equal 'hash' $run.Output.ContentHash 'Different'
    Assert-Match 'report' $run.Report 'content hash DIFFERENT'
    Assert-Steps 'P0100100' 'P0100005'
    $run = Publish-Release R1 @{ DistmgrLog = $work; TaskSequence = 'Windows 11'; ExpectedContentHash = 'ee' * 32 }
    Assert-Run $run 0 'Distributed'
    Assert-Steps 'P0100100' 'P0100012'
}

Scenario 'hash: no log, and none was given' {
    $run = Publish-Release R1 @{ Wait = $true }
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'hash' $run.Output.ContentHash 'NotCompared'
    Assert-Match 'report' $run.Report 'there is no distmgr.log'
}

Scenario 'hash: no log, and one was given' {
    $run = Publish-Release R1 @{ ExpectedContentHash = $Hash1; TaskSequence = 'Windows 11' }
    Assert-Run $run 1 'Distributed'
    Assert-Match 'report' $run.Report 'FAILED +content hash NOT compared'
    Assert-Steps 'P0100100' 'P0100005'
}

Scenario 'hash: the log begins too late' {
    [System.IO.File]::WriteAllText([System.IO.Path]::Combine($work, 'distmgr.log'), '')
    $run = Publish-Release R1 @{ Wait = $true; DistmgrLog = $work }
    Assert-Run $run 0 'Distributed'
    Assert-Match 'report' $run.Report 'has no line'
}

Scenario 'decline: the source path, and nothing further changes' {
    $run = Publish-Release R1 @{ Confirm = $true; DistributionPoint = 'dp3'; TaskSequence = 'Windows 11'; Validate = $true } 'no'
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
    Assert-Equal 'questions' $run.Questions.Count 1
    Assert-Match 'report' $run.Report 'NOT done +everything else'
    Assert-Text 'P0100012' '10.0.1' 'as it was'
}

Scenario 'decline: the refresh, which stays owed' {
    $run = Publish-Release R1 @{ Confirm = $true } 'yes', 'no'
    Assert-Run $run 1 'Skipped'
    Assert-Match 'report' $run.Report 'FAILED +The distribution points were not refreshed'
    Assert-Run (Publish-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-Content 'P0100012' $Path1
    Assert-Text 'P0100012' $config.releases.R1.version $config.releases.R1.comment
}

Scenario 'decline: a new distribution point' {
    $run = Publish-Release R1 @{ Confirm = $true; DistributionPoint = 'dp3' } 'yes', 'no', 'yes', 'yes'
    Assert-Run $run 0 'Skipped'
    Wait-Site
    Assert-Content 'P0100012' $Path1
}

Scenario 'decline: the package' {
    $Site.Packages.Remove('P0100012')
    $run = Publish-Release R1 @{ Confirm = $true } 'no'
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
}

Scenario 'decline: the way back' {
    $null = Publish-Release R1 @{ Wait = $true }
    $run = Undo-Release R1 @{ Confirm = $true } 'no'
    Assert-Run $run 0 'Skipped'
    Assert-Untouched $run
    Assert-Match 'report' $run.Report "NOT done.*set version '10.0.1' and description 'as it was'"
    Assert-Content 'P0100012' $Path1
}
