# Sites, site systems, boundary groups and the state migration point. Part of the module ConfigurationManager.

function SiteGetCMSite {
    param([hashtable] $p)
    $global:Site.Sites | Where-Object { -not $p.ContainsKey('SiteCode') -or $_.SiteCode -eq $p.SiteCode }
}

function SiteGetCMSiteSystemServer {
    param([hashtable] $p)
    foreach ($name in $global:Site.Systems) {
        if ($name -eq $p['SiteSystemServerName']) {
            [pscustomobject]@{ NALPath = Get-NalPath $name }
        }
    }
}

function SiteGetCMBoundaryGroup {
    param([hashtable] $p)
    foreach ($name in @($global:Site.BoundaryGroups.Keys)) {
        if (Test-SiteName -Name $name -p $p) {
            [pscustomobject]@{ Name = $name; GroupID = $global:Site.BoundaryGroups[$name].GroupID }
        }
    }
}

# The role shows itself as SMS_SCI_SysResUse does.
function SiteGetCMStateMigrationPoint {
    param([hashtable] $p)
    $role = $global:Site.Roles[[string]$p['SiteSystemServerName']]
    if ($null -ne $role) {
        [pscustomobject]@{
            NALPath = Get-NalPath $role.Server
            PropLists = @([pscustomobject]@{ PropertyListName = 'Directories'; Values = @($role.Folders) })
            Props = @(
                [pscustomobject]@{ PropertyName = 'SMPStoreDeletionDelayTimeInMinutes'; Value = $role.Minutes }
                [pscustomobject]@{ PropertyName = 'SMPQuiesceState'; Value = [int]$role.RestoreOnly })
        }
    }
}

function SiteNewCMStorageFolder {
    param([hashtable] $p)
    if ($p.MaximumClientNumber -lt 1 -or $p.MaximumClientNumber -gt 99999 -or $p.MinimumFreeSpace -lt 1 -or ($p.SpaceUnit -eq 'Percent' -and $p.MinimumFreeSpace -gt 100)) {
        throw 'Out of range.'
    }
    $unit = @{ Megabyte = 1; Gigabyte = 2; Percent = 3 }[$p.SpaceUnit]
    [pscustomobject]@{ Text = "Directory=$($p.StorageFolderName);MaxClients=$($p.MaximumClientNumber);MinDiskSpace=$($p.MinimumFreeSpace);MinDiskSpaceUnit=$unit;" }
}

function Get-Minutes {
    param([hashtable] $p)
    if ($p.ContainsKey('DeleteImmediately')) {
        return 0
    }
    return [int]$p.TimeDeleteAfter * $(if ($p.TimeUnit -eq 'Hours') { 60 } else { 1440 })
}

function SiteAddCMStateMigrationPoint {
    param([hashtable] $p)
    Invoke-Mutation -What "Add-CMStateMigrationPoint $($p.SiteSystemServerName)" -Do {
        $global:Site.Roles[$p.SiteSystemServerName] = [pscustomobject]@{
            Server = $p.SiteSystemServerName; Folders = @($p.StorageFolder | ForEach-Object { $_.Text }); Minutes = Get-Minutes -p $p; RestoreOnly = [bool]$p['EnableRestoreOnlyMode']
        }
        foreach ($group in @($p['BoundaryGroupName'] | Where-Object { $_ })) {
            $global:Site.BoundaryGroups[$group].Servers += $p.SiteSystemServerName
        }
    }
}

function SiteSetCMStateMigrationPoint {
    param([hashtable] $p)
    Invoke-Mutation -What "Set-CMStateMigrationPoint $($p.SiteSystemServerName)" -Do {
        $role = $global:Site.Roles[$p.SiteSystemServerName]
        $role.Folders += @($p['AddStorageFolder'] | Where-Object { $_ } | ForEach-Object { $_.Text })
        $role.Minutes = Get-Minutes -p $p
        $role.RestoreOnly = [bool]$p['EnableRestoreOnlyMode']
        foreach ($group in @($p['AddBoundaryGroupName'] | Where-Object { $_ })) {
            $global:Site.BoundaryGroups[$group].Servers += $p.SiteSystemServerName
        }
    }
}
