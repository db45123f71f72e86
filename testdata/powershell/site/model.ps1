# The site: what changes it, its clock, and what the SMS Provider answers. Part of the module ConfigurationManager.

# Makes one change, unless it is the one that the scenario wants to fail: before it took place, or after.
function Invoke-Mutation {
    param([string] $What, [scriptblock] $Do)
    $site = $global:Site
    $site.Count++
    $hit = $site.Count -eq $site.FaultAt
    if ($hit -and $site.FaultWhen -eq 'before') {
        throw $site.FaultText
    }
    if ($hit -and $site.FaultWhen -eq 'killed before') {
        $site.Killed = $true
        throw (New-Object -TypeName 'System.Management.Automation.PipelineStoppedException')
    }
    & $Do
    $site.Mutations.Add($What)
    if ($hit -and $site.FaultWhen -eq 'after') {
        throw $site.FaultText
    }
    if ($hit -and $site.FaultWhen -eq 'killed after') {
        $site.Killed = $true
        throw (New-Object -TypeName 'System.Management.Automation.PipelineStoppedException')
    }
}

# Lets time pass, second by second: what is queued happens at its time.
function Step-Clock {
    param([int] $Seconds)
    $end = $global:Site.Clock + $Seconds
    while ($true) {
        $next = @($global:Site.Queue | Where-Object { $_.At -le $end } | Sort-Object -Property 'At', 'Number')
        if ($next.Count -eq 0) {
            break
        }
        $due = $next[0]
        $null = $global:Site.Queue.Remove($due)
        $global:Site.Clock = [System.Math]::Max($global:Site.Clock, $due.At)
        & "Complete-$($due.Kind)" $due
    }
    $global:Site.Clock = $end
}

function Add-Event {
    param([string] $Kind, [int] $In, [string] $Package, [string] $Server = '')
    $global:Site.Number++
    $global:Site.Queue.Add([pscustomobject]@{ At = $global:Site.Clock + $In; Number = $global:Site.Number; Kind = $Kind; Package = $Package; Server = $Server })
}

function Get-NalPath {
    param([string] $Server)
    return '["Display=\\' + $Server + '\"]MSWNET:["SMS_SITE=' + $global:Site.Code + '"]\\' + $Server + '\'
}

# The site server reads the package source: a new version, which every distribution point has to get. distmgr.log records it.
function Complete-Refresh {
    param([psobject] $Due)
    $package = $global:Site.Packages[$Due.Package]
    $package.SourceVersion++
    $package.Snapshot = $package.PkgSourcePath
    Write-DistmgrLog -Package $package
    foreach ($held in @($package.Points.Values)) {
        $held.State = 7
        Add-Event -Kind 'Arrival' -In $global:Site.Points[$held.Server].Delay -Package $Due.Package -Server $held.Server
    }
}

# A distribution point gets the version that is current by then; one that fails tries again, or does not.
function Complete-Arrival {
    param([psobject] $Due)
    $package = $global:Site.Packages[$Due.Package]
    $point = $global:Site.Points[$Due.Server]
    $held = $package.Points[$Due.Server]
    if ($point.Failures -ne 0) {
        $point.Failures--
        $held.State = if ($point.Failures -lt 0) { 3 } else { 2 }
        if ($point.Failures -ge 0) {
            Add-Event -Kind 'Arrival' -In $point.Delay -Package $Due.Package -Server $Due.Server
        }
        return
    }
    $held.State = 0
    $held.Version = $package.SourceVersion
    $held.Content = $package.Snapshot
}

function Write-DistmgrLog {
    param([psobject] $Package)
    $site = $global:Site
    if (-not $site.LogFolder) {
        return
    }
    $id = $Package.PackageID
    $hash = if ($site.Hashes.ContainsKey($Package.Snapshot)) { $site.Hashes[$Package.Snapshot] } else { 'EE' * 32 }
    $text = foreach ($message in @(
            "Start updating the package $id...", "Taking package snapshot for package $id from source $($Package.Snapshot)"
            "The size of package $id, version $($Package.SourceVersion) is 204800 KBytes", "The hash for algorithm 32780 is $hash"
            "~Exiting package processing thread for package $id.")) {
        $message + '  $$<SMS_DISTRIBUTION_MANAGER><01-01-2026 10:00:00.000+000><thread=5776 (0x1690)>' + "`r`n"
    }
    [System.IO.File]::AppendAllText([System.IO.Path]::Combine($site.LogFolder, 'distmgr.log'), -join $text)
}

# Returns the rows of one class of the SMS Provider.
function Get-ClassRow {
    param([string] $Class)
    $site = $global:Site
    switch ($Class) {
        'SMS_Site' { foreach ($s in $site.Sites) { [pscustomobject]@{ SiteCode = $s.SiteCode; ServerName = $s.ServerName; Type = $s.Type } } }
        'SMS_SystemResourceList' { foreach ($name in $site.Points.Keys) { [pscustomobject]@{ NALPath = Get-NalPath $name; RoleName = 'SMS Distribution Point'; SiteCode = $site.Code; ServerName = $name } } }
        'SMS_DPGroupMembers' { foreach ($g in $site.Groups.Values) { foreach ($m in $g.Members) { [pscustomobject]@{ GroupID = $g.GroupID; DPNALPath = Get-NalPath $m } } } }
        'SMS_DPGroupPackages' { foreach ($g in $site.Groups.Values) { foreach ($id in $g.Packages) { [pscustomobject]@{ GroupID = $g.GroupID; PkgID = $id } } } }
        'SMS_DistributionPoint' { foreach ($p in $site.Packages.Values) { foreach ($h in @($p.Points.Values)) { [pscustomobject]@{ PackageID = $p.PackageID; ServerNALPath = Get-NalPath $h.Server; Status = $h.Status } } } }
        'SMS_PackageStatusDistPointsSummarizer' {
            foreach ($p in $site.Packages.Values) {
                foreach ($h in @($p.Points.Values | Where-Object { $_.State -ge 0 })) {
                    [pscustomobject]@{ PackageID = $p.PackageID; ServerNALPath = Get-NalPath $h.Server; SourceVersion = $h.Version; State = $h.State }
                }
            }
        }
        'SMS_BoundaryGroupSiteSystems' { foreach ($g in $site.BoundaryGroups.Values) { foreach ($s in $g.Servers) { [pscustomobject]@{ GroupID = $g.GroupID; ServerNALPath = Get-NalPath $s } } } }
        default { throw "The SMS Provider reported an error: invalid class $Class" }
    }
}

# The part of WQL that the scripts use: SELECT a, b FROM class WHERE c = 'text', or a number.
function SiteInvokeCMWmiQuery {
    param([hashtable] $p)
    if ($p.Query -cnotmatch "^SELECT ([\w, ]+) FROM (\w+) WHERE (\w+) = (?:'((?:[^'\\]|\\.)*)'|([0-9]+))$") {
        throw "The SMS Provider reported an error: invalid query $($p.Query)"
    }
    $columns, $class, $column = $Matches[1].Split(', ', [System.StringSplitOptions]::RemoveEmptyEntries), $Matches[2], $Matches[3]
    $value = if ($Matches.ContainsKey(5)) { $Matches[5] } else { $Matches[4] -replace '\\(.)', '$1' }
    foreach ($row in @(Get-ClassRow -Class $class)) {
        if ([string]$row.$column -eq $value) {
            $row | Select-Object -Property $columns
        }
    }
}
