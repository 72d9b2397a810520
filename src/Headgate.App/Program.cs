using System.CommandLine;
using Headgate.App.Commands;
using Headgate.App.CommandLine;

namespace Headgate.App;

internal static class Program
{
    /// <summary>The verbs in the order of the help: the job, its rehearsal, the rest.</summary>
    public static Command[] Verbs() =>
    [
        RunCommand.Create(),
        SendCommand.Create(),
        ServeCommand.Create(),
        JobsCommand.Create(),
        DlqCommand.Create(),
        QueuesCommand.Create(),
        SchedulesCommand.Create(),
        BatchesCommand.Create(),
        EventsCommand.Create(),
        TokensCommand.Create(),
        BackupCommand.CreateBackup(),
        BackupCommand.CreateRestore(),
        LimitsCommand.Create(),
        KeysCommand.Create(),
        ProxiesCommand.Create(),
        CacheCommand.Create(),
        VerifyCommand.Create(),
        ImportCommand.Create(),
        ExportCommand.Create(),
        SimulateCommand.Create(),
        StressCommand.Create(),
        DemoCommand.Create(),
        DoctorCommand.Create(),
        ConfigCommand.Create(),
        VersionCommand.Create(),
        CompletionCommand.Create(),
    ];

    private static async Task<int> Main(string[] args)
    {
        using var interruption = Interruption.Listen();
        return await new Shell(Verbs(), Console.Out, Console.Error, interruption).RunAsync(args);
    }
}
