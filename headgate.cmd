@echo off
rem Runs the program of this source tree: builds it when it is not there or a source is newer. The exit code is the program's.
setlocal
set "ROOT=%~dp0"
set "PROGRAM=%ROOT%artifacts\headgate-windows\headgate-cli.dll"
where dotnet >nul 2>nul || (
  echo headgate: the command dotnet was not found; install the .NET SDK 10: https://dotnet.microsoft.com/download/dotnet/10.0 1>&2
  exit /b 69
)
powershell -NoProfile -Command "if (-not (Test-Path $env:PROGRAM)) { exit 1 }; $built = (Get-Item $env:PROGRAM).LastWriteTimeUtc; $newer = Get-ChildItem $env:ROOT'src' -Recurse -File | Where-Object { $_.FullName -notmatch '\\(bin|obj)\\' -and $_.LastWriteTimeUtc -gt $built } | Select-Object -First 1; if ($newer) { exit 1 }"
if errorlevel 1 (
  echo headgate: building into %ROOT%artifacts, once; this takes about half a minute 1>&2
  dotnet publish "%ROOT%src\Headgate.App" -c Release --use-current-runtime --no-self-contained --artifacts-path "%ROOT%artifacts\work" -o "%ROOT%artifacts\headgate-windows" -p:PublishReadyToRun=true -p:NuGetAudit=false -v quiet --nologo 1>&2 || exit /b 70
)
dotnet "%PROGRAM%" %*
exit /b %ERRORLEVEL%
