using Headgate.App.CommandLine;
using Headgate.App.Security;
using Headgate.Tests.Ledgers;

namespace Headgate.Tests.Security;

public sealed class DataDirectoryTests
{
    [Fact]
    public void Where_a_file_is_in_its_place_the_message_says_so_and_what_to_do()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["data"], "");

        var refused = Assert.Throws<CommandException>(() => DataDirectory.Make(folder["data"]));

        Assert.Equal(ExitCode.Configuration, refused.Code);
        Assert.Equal($"the directory of the service, {folder["data"]}, is a file; give another one with --data DIR", refused.Message);
    }

    [Fact]
    public void One_that_is_made_is_for_its_owner_alone()
    {
        using var folder = new TempFolder();
        DataDirectory.Make(folder["data"]);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder["data"]));
        DataDirectory.Make(folder["data"]);
    }
}
