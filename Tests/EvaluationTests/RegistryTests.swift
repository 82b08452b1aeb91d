import Evaluation
import Failures
import Testing

struct RegistryTests {
    @Test func everyNameMakesTheAttackOfThatName() throws {
        for name in AttackRegistry.names { #expect(try AttackRegistry.attack(name).name == name) }
        #expect(AttackRegistry.names.count == Set(AttackRegistry.names).count)
    }

    @Test func listsKeepTheirOrder() throws {
        #expect(try AttackRegistry.attacks("pgd, fgsm,apgd-ce").map(\.name) == ["pgd", "fgsm", "apgd-ce"])
    }

    @Test func unknownNamesListTheKnownOnes() {
        do {
            _ = try AttackRegistry.attacks("fgsm,pdg")
            Issue.record("accepted")
        } catch let failure as Failure {
            #expect(failure.kind == .usage && failure.description.contains("\"pdg\""))
            for name in AttackRegistry.names { #expect(failure.description.contains(name)) }
        } catch {
            Issue.record(error)
        }
    }

    @Test(arguments: ["", "fgsm,", "pgd,pgd"])
    func listsThatMakeNoSenseAreRefused(list: String) {
        #expect(throws: Failure.self) { try AttackRegistry.attacks(list) }
    }

    @Test func optionsReachTheAttack() throws {
        let pgd = try AttackRegistry.attack("pgd", AttackOptions(steps: 7, restarts: 3)) as? PGD
        #expect(pgd?.steps == 7 && pgd?.restarts == 3 && pgd?.relativeStepSize == 2.5 / 7)
    }

    @Test(arguments: [0, -1, Int.max]) func optionsThatMakeNoSenseAreRefused(_ number: Int) {
        for name in AttackRegistry.names {
            for options in [AttackOptions(steps: number), AttackOptions(restarts: number)] {
                // The passes are counted for forecasts, which must not overflow.
                #expect(throws: Failure.self) { try AttackRegistry.attack(name, options).passes(classes: 10) }
            }
        }
    }
}
