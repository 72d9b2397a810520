namespace Headgate.Tests;

/// <summary>Tests in which real threads go on while a test lets the time pass: beside others they would find no core in between.</summary>
[CollectionDefinition(Alone, DisableParallelization = true)]
public sealed class Threads
{
    public const string Alone = "threads alone";
}
